import { expect, it } from 'vitest'
import { storedIds } from './hashed-id.ts'

const idSecret = 'a secret of at least 32 characters'

it('leaves ids as they are unless hashing is on', () => {
  expect(storedIds({ hashIds: false, idSecret })('ticket-17')).toBe('ticket-17')
})

it('makes HMAC-SHA-256 of an id, as OpenSSL makes it', () => {
  // openssl dgst -sha256 -hmac 'a secret of at least 32 characters' gives it in hexadecimal.
  const id = storedIds({ hashIds: true, idSecret })('ticket-17')
  expect(id).toBe('hmac-VPiUP4WY6h6VgCrB24G4CqMRMMrcNBnV-TRL5bK_aEE')
})

it('hashes once: a stored id stays what it is', () => {
  const stored = storedIds({ hashIds: true, idSecret })
  expect(stored(stored('ticket-17'))).toBe(stored('ticket-17'))
  expect(stored('hmac-ticket-17')).not.toBe('hmac-ticket-17')
})

it('gives other ids with another key', () => {
  const other = storedIds({ hashIds: true, idSecret: `${idSecret}!` })
  expect(other('a')).not.toBe(storedIds({ hashIds: true, idSecret })('a'))
})
