// Splits SQL as ClickHouse itself writes it (formatQuery) into tokens, to find clause borders. Its
// own text has one way to quote strings, one to quote names, no comments and no white space but
// blanks: what users write is never read here.

/** One token; `start` and `end` are offsets, `depth` counts open brackets around it. */
export type SqlToken = {
  readonly kind: 'word' | 'quoted' | 'string' | 'symbol'
  readonly text: string
  readonly start: number
  readonly end: number
  readonly depth: number
}

/** The tokens of one statement that formatQuerySingleLine gave. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = []
  let depth = 0
  for (const match of sql.matchAll(tokenPattern)) {
    const text = match[0]
    if (closing.has(text)) depth = Math.max(0, depth - 1)
    tokens.push({
      kind: kindOf(text),
      text,
      start: match.index,
      end: match.index + text.length,
      depth,
    })
    if (opening.has(text)) depth += 1
  }
  return tokens
}

/** A keyword in capitals; '' for quoted names and strings, which are none whatever they spell. */
export function keyword(token: SqlToken | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : ''
}

const tokenPattern = /'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\w+|\S/gs
const opening = new Set(['(', '[', '{'])
const closing = new Set([')', ']', '}'])

function kindOf(text: string): SqlToken['kind'] {
  if (text.startsWith("'") && text.length > 1) return 'string'
  if (text.startsWith('`') && text.length > 1) return 'quoted'
  return /^\w/.test(text) ? 'word' : 'symbol'
}
