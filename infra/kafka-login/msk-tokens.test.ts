// Tokens for Amazon MSK: by AWS's own library with example credentials, and by a signer of the same
// interface whose clock and failures the test controls.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mskTokens } from './msk-tokens.ts'
import { createTokenSource } from './token-source.ts'

describe("AWS's signer", () => {
  afterEach(() => vi.unstubAllEnvs())

  it('signs a token for kafka-cluster:Connect that is valid for 15 minutes', async () => {
    // The examples of AWS's documentation; signing needs no network.
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
    const { value, expiresMs } = await mskTokens('eu-central-1')()
    const signed = new URL(Buffer.from(value, 'base64url').toString())
    expect(signed.host).toBe('kafka.eu-central-1.amazonaws.com')
    expect(signed.searchParams.get('Action')).toBe('kafka-cluster:Connect')
    expect(signed.searchParams.get('X-Amz-Credential')).toMatch(/^AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-/)
    expect(signed.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/)
    expect(Math.abs(expiresMs - Date.now() - 900_000)).toBeLessThan(10_000)
  })
})

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
