// Splits SQL as ClickHouse itself formats it (formatQuery) into tokens, to find where clauses start
// and end. That form has one way to quote strings, one to quote names, no comments, and only blanks
// as white space. Users' own text is never tokenized here.

/** One token; `start` and `end` are offsets, `depth` counts the open brackets around it. */
export type SqlToken = {
  readonly kind: 'word' | 'quoted' | 'string' | 'symbol'
  readonly text: string
  readonly start: number
  readonly end: number
  readonly depth: number
}

/** The tokens of one statement that formatQuerySingleLine returned. */
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

/** The keyword in capitals; '' for quoted names and strings, whatever they spell. */
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
