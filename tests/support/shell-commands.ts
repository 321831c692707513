// Splits shell text into commands and their words, so that examples in documents can be checked
// without running them. It knows quotes, comments, line continuations and separators; it expands
// nothing.

const separators = new Set(['\n', ';', '|', '&', '(', ')'])

/** The commands of a shell text, each as its words without quotes. Redirections are left out. */
export function shellCommands(text: string): string[][] {
  const commands: string[][] = [[]]
  let redirected = false
  for (const token of shellTokens(text)) {
    if (token.kind === 'end') {
      commands.push([])
      redirected = false
    } else if (token.kind === 'redirection') {
      redirected = true
    } else if (redirected) {
      redirected = false
    } else {
      commands.at(-1)!.push(token.text)
    }
  }
  return commands.filter((words) => words.length > 0)
}

type Token = { kind: 'word'; text: string } | { kind: 'end' } | { kind: 'redirection' }

function* shellTokens(text: string): Generator<Token> {
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (quote !== undefined) {
      if (character === quote) quote = undefined
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (character === '\\') {
      at++
      if (text[at] !== '\n') word = (word ?? '') + (text[at] ?? '')
    } else if (character === '#' && word === undefined) {
      at = (text + '\n').indexOf('\n', at) - 1
    } else if (separators.has(character) || character === '>' || character === '<') {
      // The number of `2>` belongs to the redirection.
      const isNumber = /^\d$/.test(word ?? '') && !separators.has(character)
      if (word !== undefined && !isNumber) yield { kind: 'word', text: word }
      word = undefined
      yield { kind: separators.has(character) ? 'end' : 'redirection' }
    } else if (/\s/.test(character)) {
      if (word !== undefined) yield { kind: 'word', text: word }
      word = undefined
    } else {
      word = (word ?? '') + character
    }
  }
  if (word !== undefined) yield { kind: 'word', text: word }
}
