// Keeps an access token and fetches the next one before it expires. Where tokens come from is
// oauth-tokens.ts and msk-tokens.ts.

/** An access token and when it expires, in epoch milliseconds. */
export type Token = { readonly value: string; readonly expiresMs: number }

export type TokenSource = {
  /** A valid token; `isFresh` if it was fetched for this call. Throws what fetching throws. */
  current(): Promise<{ readonly value: string; readonly isFresh: boolean }>
  /** Forgets a token that a broker refused, unless it has been replaced already. */
  forget(value: string): void
}

/** A token is replaced after this share of its life. */
const refreshShare = 0.8
/** A token that is valid for less than this is replaced in any case. */
const validMsMin = 15_000
/** If the next one cannot be fetched, a token that is valid for this long is used once more. */
const usableMsMin = 2_000

/** Creates a source; callers who come at once share one fetch. */
export function createTokenSource(
  fetchToken: () => Promise<Token>,
  nowMs: () => number = Date.now,
): TokenSource {
  let known: { readonly token: Token; readonly refreshMs: number } | undefined
  let fetching: Promise<Token> | undefined
  const renew = async (): Promise<Token> => {
    const startedMs = nowMs()
    const token = await fetchToken()
    const agedMs = startedMs + (token.expiresMs - startedMs) * refreshShare
    known = { token, refreshMs: Math.min(agedMs, token.expiresMs - validMsMin) }
    return token
  }
  return {
    async current() {
      if (known !== undefined && nowMs() < known.refreshMs) {
        return { value: known.token.value, isFresh: false }
      }
      fetching ??= renew().finally(() => {
        fetching = undefined
      })
      try {
        return { value: (await fetching).value, isFresh: true }
      } catch (error) {
        // The provider may be away for a moment, and brokers take the token until it expires.
        const isUsable = known !== undefined && nowMs() + usableMsMin < known.token.expiresMs
        if (!isUsable) throw error
        return { value: known!.token.value, isFresh: false }
      }
    },
    forget(value) {
      if (known?.token.value === value) known = undefined
    },
  }
}
