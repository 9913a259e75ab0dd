// RS256 and HS256 with WebCrypto alone, in the way that pages about it teach: importKey, sign, verify, exportKey.
// Nothing here knows of fastjwt. The jobs are described above each handler; jobs.mjs carries them.

import { answerJobs } from './jobs.mjs'

const { subtle } = globalThis.crypto

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const HS256 = { name: 'HMAC', hash: 'SHA-256' }

const base64 = (buffer) => Buffer.from(buffer).toString('base64')
const base64url = (data) => Buffer.from(data).toString('base64url')
const utf8 = (string) => new TextEncoder().encode(string)
const jsonPart = (value) => base64url(utf8(JSON.stringify(value)))

const algorithmOf = (token) => {
  const { alg } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'))
  return alg === 'HS256' ? HS256 : RS256
}

// "jwk" keys are objects; "pkcs8", "spki" and "raw" ones are base64.
const importKey = (format, key, algorithm, usage) =>
  subtle.importKey(format, format === 'jwk' ? key : Buffer.from(key, 'base64'), algorithm, false, [usage])

async function makeToken(key, header, claims) {
  const signingInput = `${jsonPart(header)}.${jsonPart(claims)}`
  const signature = await subtle.sign(key.algorithm.name, key, utf8(signingInput))
  return `${signingInput}.${base64url(signature)}`
}

await answerJobs({
  // {algorithm: {modulusLength, publicExponent, ...}, usages, tokens: [{header, claims}]} -> a fresh key pair in every form
  // that WebCrypto exports, and the tokens that it signed
  async generate({ algorithm, usages, tokens = [] }) {
    const publicExponent = new Uint8Array(algorithm.publicExponent ?? [1, 0, 1])
    const { privateKey, publicKey } = await subtle.generateKey({ ...RS256, ...algorithm, publicExponent }, true, usages)
    return {
      pkcs8: base64(await subtle.exportKey('pkcs8', privateKey)),
      spki: base64(await subtle.exportKey('spki', publicKey)),
      privateJwk: await subtle.exportKey('jwk', privateKey),
      publicJwk: await subtle.exportKey('jwk', publicKey),
      tokens: await Promise.all(tokens.map(({ header, claims }) => makeToken(privateKey, header, claims)))
    }
  },

  // {tokens: [{header, claims}]} -> a fresh HMAC secret, and the tokens that it authenticated
  async generateSecret({ tokens }) {
    const key = await subtle.generateKey(HS256, true, ['sign', 'verify'])
    return {
      raw: base64(await subtle.exportKey('raw', key)),
      jwk: await subtle.exportKey('jwk', key),
      tokens: await Promise.all(tokens.map(({ header, claims }) => makeToken(key, header, claims)))
    }
  },

  // {format, key, signingInput} -> {token}
  async sign({ format, key, signingInput }) {
    const algorithm = algorithmOf(signingInput)
    const signature = await subtle.sign(algorithm.name, await importKey(format, key, algorithm, 'sign'), utf8(signingInput))
    return { token: `${signingInput}.${base64url(signature)}` }
  },

  // {format, key, token} -> {verified, claims}; the claims as JSON.parse reads them, whatever the verdict
  async verify({ format, key, token }) {
    const algorithm = algorithmOf(token)
    const [header, payload, signature] = token.split('.')
    const verified = await subtle.verify(
      algorithm.name,
      await importKey(format, key, algorithm, 'verify'),
      Buffer.from(signature, 'base64url'),
      utf8(`${header}.${payload}`)
    )
    return { verified, claims: JSON.parse(Buffer.from(payload, 'base64url')) }
  }
})
