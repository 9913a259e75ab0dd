// RS256 and HS256 with the npm package "jose", as its documentation shows them. Nothing here knows of fastjwt.
// The jobs are described above each handler; jobs.mjs carries them.

import * as jose from 'jose'
import { answerJobs } from './jobs.mjs'

// A key of a job is {pkcs8: pem} | {spki: pem} | {x509: pem} | {jwk: object}, or {jwks: document} for verifying.
async function importKey({ pkcs8, spki, x509, jwk, jwks }, alg) {
  if (jwks) return jose.createLocalJWKSet(jwks)
  if (pkcs8) return jose.importPKCS8(pkcs8, alg)
  if (spki) return jose.importSPKI(spki, alg)
  if (x509) return jose.importX509(x509, alg)
  return jose.importJWK(jwk, alg)
}

await answerJobs({
  // {bits, tokens: [{header, claims}]} -> a fresh RS256 key pair in every form that jose exports, and tokens by it
  async generate({ bits, tokens }) {
    const { privateKey, publicKey } = await jose.generateKeyPair('RS256', { modulusLength: bits, extractable: true })
    const publicJwk = await jose.exportJWK(publicKey)
    const sign = ({ header, claims }) => new jose.SignJWT(claims).setProtectedHeader(header).sign(privateKey)
    return {
      pkcs8: await jose.exportPKCS8(privateKey),
      spki: await jose.exportSPKI(publicKey),
      privateJwk: await jose.exportJWK(privateKey),
      publicJwk,
      thumbprint: await jose.calculateJwkThumbprint(publicJwk),
      tokens: await Promise.all(tokens.map(sign))
    }
  },

  // {key, header, claims} -> {token}
  async sign({ key, header, claims }) {
    const signingKey = await importKey(key, header.alg)
    return { token: await new jose.SignJWT(claims).setProtectedHeader(header).sign(signingKey) }
  },

  // {key, token, options} -> {header, claims}; "now" in the options is in seconds
  async verify({ key, token, options: { now, ...options } = {} }) {
    const { alg } = jose.decodeProtectedHeader(token)
    const currentDate = now === undefined ? undefined : new Date(now * 1000)
    const verified = await jose.jwtVerify(token, await importKey(key, alg), { ...options, currentDate })
    return { header: verified.protectedHeader, claims: verified.payload }
  },

  // {jwk} -> {thumbprint}, RFC 7638 with SHA-256
  async thumbprint({ jwk }) {
    return { thumbprint: await jose.calculateJwkThumbprint(jwk) }
  }
})
