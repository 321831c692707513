import { describe, expect, it } from 'vitest'
import { createTokenSource, type Token } from './token-source.ts'

/** A source whose tokens are valid for `lifeMs`, and whose provider and clock the test controls. */
function sourceOf(lifeMs: number) {
  const state = { nowMs: 1_000_000, fetched: 0, failure: undefined as Error | undefined }
  const source = createTokenSource(
    () => {
      if (state.failure !== undefined) return Promise.reject(state.failure)
      state.fetched += 1
      return Promise.resolve<Token>({
        value: `token-${state.fetched}`,
        expiresMs: state.nowMs + lifeMs,
      })
    },
    () => state.nowMs,
  )
  return { source, state }
}

describe('createTokenSource', () => {
  it('keeps a token for most of its life, then fetches the next one', async () => {
    const { source, state } = sourceOf(100_000)
    expect(await source.current()).toEqual({ value: 'token-1', isFresh: true })
    state.nowMs += 79_000
    expect(await source.current()).toEqual({ value: 'token-1', isFresh: false })
    state.nowMs += 2_000
    expect(await source.current()).toEqual({ value: 'token-2', isFresh: true })
  })

  it('replaces a short-lived token early enough for a login', async () => {
    const { source, state } = sourceOf(20_000)
    await source.current()
    state.nowMs += 6_000
    expect((await source.current()).value).toBe('token-2')
  })

  it('shares one fetch among callers', async () => {
    const { source, state } = sourceOf(100_000)
    await Promise.all([source.current(), source.current(), source.current()])
    expect(state.fetched).toBe(1)
  })

  it('uses a token until it expires while the provider is away', async () => {
    const { source, state } = sourceOf(100_000)
    await source.current()
    state.failure = new Error('away')
    state.nowMs += 90_000
    expect(await source.current()).toEqual({ value: 'token-1', isFresh: false })
    state.nowMs += 9_000
    await expect(source.current()).rejects.toThrow('away')
    state.failure = undefined
    expect((await source.current()).value).toBe('token-2')
  })

  it('forgets a refused token, but not its successor', async () => {
    const { source, state } = sourceOf(100_000)
    await source.current()
    source.forget('token-1')
    expect((await source.current()).value).toBe('token-2')
    source.forget('token-1')
    expect(await source.current()).toEqual({ value: 'token-2', isFresh: false })
    expect(state.fetched).toBe(2)
  })
})
