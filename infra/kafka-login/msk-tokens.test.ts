// Tokens for Amazon MSK by a signer with the interface of AWS's library; the library itself runs if
// it is installed.
import { describe, expect, it } from 'vitest'
import { mskTokens } from './msk-tokens.ts'
import { createTokenSource } from './token-source.ts'

describe('mskTokens', () => {
  it('signs for the region, and signs again before a token expires', async () => {
    let nowMs = 1_000
    const regions: string[] = []
    const signer = {
      generateAuthToken: ({ region }: { region: string }) => {
        regions.push(region)
        return Promise.resolve({ token: `t${regions.length}`, expiryTime: nowMs + 900_000 })
      },
    }
    const source = createTokenSource(
      mskTokens('eu-central-1', () => Promise.resolve(signer)),
      () => nowMs,
    )
    expect((await source.current()).value).toBe('t1')
    nowMs += 700_000
    expect((await source.current()).value).toBe('t1')
    nowMs += 100_000
    expect((await source.current()).value).toBe('t2')
    expect(regions).toEqual(['eu-central-1', 'eu-central-1'])
  })

  it('says what to install without the library', async () => {
    const absent = () => Promise.reject(new Error('Cannot find package'))
    await expect(mskTokens('eu-central-1', absent)()).rejects.toMatchObject({
      code: 'prerequisite_missing',
      message: expect.stringContaining('npm install aws-msk-iam-sasl-signer-js') as string,
    })
  })

  it('says what to give it without credentials', async () => {
    const signer = { generateAuthToken: () => Promise.reject(new Error('no credentials')) }
    await expect(mskTokens('eu-central-1', () => Promise.resolve(signer))()).rejects.toMatchObject({
      code: 'broker_refused',
      message: expect.stringMatching(/no credentials; give this process a role/) as string,
    })
  })
})
