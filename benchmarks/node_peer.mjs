// The peers on Node: mints and verifies in bulk on request, and times itself.
//
//   node node_peer.mjs jose|fast-jwt
//
// One JSON object a line comes in, one goes out. The first is {"load": {...}}: alg, the keys, claims and tokens. Then come
// {"do": "sign" | "verify", "count": n, "threads": n, "clock": "wall" | "cpu"} -> {"seconds", "answer": the first tokens or claims of the run}
// and {"refuses": token} -> {"refused": true | false}. Threads are workers that hold the same keys and tokens.

import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { createSecretKey } from 'node:crypto'

const SHOWN = 64 // answers that are handed back to be checked
const AT_ONCE = 64 // promises of jose that are under way together
const WARM_UP_MS = 200 // for each operation, until the compiler of Node has done its work

const require = createRequire(import.meta.url)

// Each returns {sign(claims), verify(token)}, which may return promises.
const libraries = {
  async jose ({ alg, keyId, privatePem, publicPem, secret, issuer, audience }) {
    const jose = await import('jose')
    const key = secret ? new Uint8Array(Buffer.from(secret, 'base64')) : await jose.importPKCS8(privatePem, alg)
    const publicKey = secret ? key : await jose.importSPKI(publicPem, alg)
    const rules = { algorithms: [alg], issuer, audience, requiredClaims: ['exp'] }
    return {
      sign: (claims) => new jose.SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT', kid: keyId }).sign(key),
      verify: async (token) => (await jose.jwtVerify(token, publicKey, rules)).payload
    }
  },

  async 'fast-jwt' ({ alg, keyId, privatePem, publicPem, secret, issuer, audience }) {
    const { createSigner, createVerifier } = require('fast-jwt')
    const key = secret ? Buffer.from(secret, 'base64') : privatePem
    return {
      sign: createSigner({ key, algorithm: alg, kid: keyId }),
      verify: createVerifier({
        key: secret ? key : publicPem,
        algorithms: [alg],
        allowedIss: issuer,
        allowedAud: audience,
        requiredClaims: ['exp'],
        cache: false
      })
    }
  }
}

async function run (job, { does, given, from, count }) {
  const answer = []
  const start = process.hrtime.bigint()
  for (let index = 0; index < count; index += AT_ONCE) {
    const some = []
    for (let one = index; one < Math.min(count, index + AT_ONCE); one++) some.push(job[does](given[(from + one) % given.length]))
    const done = some[0] instanceof Promise ? await Promise.all(some) : some
    if (index < SHOWN) answer.push(...done)
  }
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, answer: answer.slice(0, SHOWN) }
}

async function prepare (name, material) {
  const job = await libraries[name](material)
  const bulk = (does, from, count) =>
    run(job, { does, given: does === 'sign' ? material.claims : material.tokens, from, count })
  for (const does of ['sign', 'verify']) {
    const end = performance.now() + WARM_UP_MS
    while (performance.now() < end) await bulk(does, 0, AT_ONCE)
  }
  return bulk
}

if (isMainThread) {
  const name = process.argv[2]
  let material
  let alone
  const workers = []
  let ready = false

  const ask = async (worker, request) => {
    const answered = once(worker, 'message') // or the worker's error is thrown
    worker.postMessage(request)
    return (await answered)[0]
  }

  const handle = async (request) => {
    if (request.load) {
      material = request.load
      alone = await prepare(name, material)
      const version = require(`${name}/package.json`).version
      return { version, node: process.version, openssl: process.versions.openssl }
    }
    if (request.refuses) {
      const job = await libraries[name](material)
      try {
        await job.verify(request.refuses)
        return { refused: false }
      } catch {
        return { refused: true }
      }
    }
    const { do: does, count, threads, clock } = request
    if (threads === 1) {
      const before = process.cpuUsage()
      const timed = await alone(does, 0, count)
      const { user, system } = process.cpuUsage(before) // of all threads of this process, in microseconds
      return clock === 'cpu' ? { ...timed, seconds: (user + system) / 1e6 } : timed
    }
    while (workers.length < threads) {
      workers.push(new Worker(new URL(import.meta.url), { workerData: { name, material } }))
    }
    // Each has warmed up when it answers.
    if (!ready) await Promise.all(workers.map((worker) => ask(worker, { does: 'verify', from: 0, count: 1 })))
    ready = true
    const start = process.hrtime.bigint()
    const share = Math.floor(count / threads)
    const parts = await Promise.all(
      workers.slice(0, threads).map((worker, number) => ask(worker, { does, from: number * share, count: share }))
    )
    return { seconds: Number(process.hrtime.bigint() - start) / 1e9, answer: parts[0].answer }
  }

  for await (const line of createInterface({ input: process.stdin })) {
    let reply
    try {
      reply = await handle(JSON.parse(line))
    } catch (error) {
      reply = { error: String(error) }
    }
    process.stdout.write(JSON.stringify(reply) + '\n')
  }
  process.exit(0)
} else {
  const bulk = await prepare(workerData.name, workerData.material)
  parentPort.on('message', async ({ does, from, count }) => {
    parentPort.postMessage(await bulk(does, from, count))
  })
}
