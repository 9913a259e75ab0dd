// One start of Node answers a whole list of jobs: JSON list in on standard input, JSON list out on standard output.
// A job is {"do": name, ...}; its answer stands at the same place in the list. What a handler throws becomes
// {"error": code or name, "message": text, ...}, so that a refusal is an answer and a crash of the script is not.

import { text } from 'node:stream/consumers'

export async function answerJobs(handlers) {
  const answers = []
  for (const job of JSON.parse(await text(process.stdin))) {
    const handler = handlers[job.do]
    if (!handler) throw new Error(`no such job: ${job.do}`)
    try {
      answers.push(await handler(job))
    } catch (error) {
      const { name, code, message, claim, reason } = error
      answers.push({ error: typeof code === 'string' ? code : name, message, claim, reason })
    }
  }
  process.stdout.write(JSON.stringify(answers))
}
