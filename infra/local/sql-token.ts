// Splits ClickHouse SQL into tokens with byte positions, just far enough to find clause borders:
// quotes, comments and brackets are understood, the grammar is not. It never judges validity; the
// engine does that, with its own message.

/** One token; `start` and `end` are byte offsets, `depth` counts open brackets around it. */
export type SqlToken = {
  readonly kind: 'word' | 'quoted' | 'string' | 'symbol'
  readonly text: string
  readonly start: number
  readonly end: number
  readonly depth: number
}

/**
 * Yields the tokens of a statement held as latin1 text (one character a byte), lazily, so that a
 * reader may stop before the data of an INSERT. Ends early at an unterminated quote or comment.
 */
export function* sqlTokens(latin1: string, from = 0): Generator<SqlToken, undefined> {
  let at = from
  let depth = 0
  while (at < latin1.length) {
    const gap = gapEnd(latin1, at)
    if (gap === undefined) return undefined
    if (gap > at) {
      at = gap
      continue
    }
    const found = tokenAt(latin1, at)
    if (found === undefined) return undefined
    if (closing.has(found.text)) depth = Math.max(0, depth - 1)
    yield { ...found, start: at, depth }
    if (opening.has(found.text)) depth += 1
    at = found.end
  }
  return undefined
}

const opening = new Set(['(', '[', '{'])
const closing = new Set([')', ']', '}'])

/** The end of the white space or comment at `at`; `at` itself where a token starts. */
function gapEnd(text: string, at: number): number | undefined {
  const character = text[at] ?? ''
  if (/\s/.test(character)) return matchEnd(/\s+/y, text, at)
  if (text.startsWith('/*', at)) {
    const end = text.indexOf('*/', at + 2)
    return end < 0 ? undefined : end + 2
  }
  const isLineComment =
    text.startsWith('--', at) || text.startsWith('# ', at) || text.startsWith('#!', at)
  if (!isLineComment) return at
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

function tokenAt(text: string, at: number): Omit<SqlToken, 'start' | 'depth'> | undefined {
  const character = text[at] ?? ''
  if (/[A-Za-z0-9_]/.test(character)) return slice('word', text, at, matchEnd(/\w+/y, text, at))
  if (character === "'") return quoted('string', text, at)
  if (character === '`' || character === '"') return quoted('quoted', text, at)
  const heredoc = character === '$' ? /\$\w*\$/y : undefined
  if (heredoc !== undefined) {
    const tagEnd = matchEnd(heredoc, text, at)
    const close = tagEnd > at ? text.indexOf(text.slice(at, tagEnd), tagEnd) : -1
    if (close >= 0) return slice('string', text, at, close + tagEnd - at)
  }
  return slice('symbol', text, at, at + 1)
}

/** A quoted run; both `\'` and a doubled quote stand for a quote inside it. */
function quoted(kind: 'string' | 'quoted', text: string, at: number) {
  const quote = text[at]
  let end = at + 1
  while (end < text.length) {
    if (text[end] === '\\') end += 2
    else if (text[end] !== quote) end += 1
    else if (text[end + 1] === quote) end += 2
    else return slice(kind, text, at, end + 1)
  }
  return undefined
}

function slice(kind: SqlToken['kind'], text: string, at: number, end: number) {
  return { kind, text: text.slice(at, end), end }
}

function matchEnd(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at
  return sticky.test(text) ? sticky.lastIndex : at
}
