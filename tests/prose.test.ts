// The linter of prose that `npm run lint` runs: which phrases and sentences it rejects, and that it
// reads comments, messages and documents only. Its bad examples are not checked themselves.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { maskToProse } from '../scripts/prose/prose-mask.ts'
import { proseIssues } from '../scripts/prose/prose-rules.ts'

function issuesOf(path: string, text: string) {
  const prose = maskToProse(path, text)
  expect(prose).toHaveLength(text.length)
  return proseIssues(path, prose)
}

const found = (path: string, text: string) => issuesOf(path, text).map((issue) => issue.found)

describe('the rules of prose', () => {
  it.each([
    ["kafkajs's timer is mended at its source", 'mended', 'fix'],
    ['The topic is made anew.', 'anew', 'again'],
    ['Small parts are dear.', 'dear', 'expensive, or "costs more"'],
    ['It writes one file a command.', 'one file a command', 'per'],
    ['It takes 3 ms a batch.', '3 ms a batch', 'per'],
    ['By what a repeated one is recognised', 'By what', '"how", or name it'],
    ['A write of which nobody knows the end', 'of which', 'two sentences, or "whose"'],
    ['The follower tries again himself.', 'himself', 'itself'],
    ['Words on one event keep their order.', 'Words on', 'name them: events, labels, records'],
    ['It stops in mid-insert.', 'in mid-insert', '"during" or "in the middle of"'],
    ['The service lives on what is left over.', 'lives on', '"uses", or "is in"'],
    ['What is missing is named in one sentence.', 'named in one sentence', 'say who says what'],
    ['The limit used to be 5.', 'used to be', 'what is so; history stands in CHANGELOG.md'],
    ['It waits whilst the file is read.', 'whilst', 'the common word'],
    ['It stops when the the file ends.', 'the the', 'the word once'],
  ])('reject "%s"', (sentence, phrase, advice) => {
    const issue = { found: phrase, advice }
    expect(issuesOf('a.md', `${sentence}\n`)).toMatchObject([issue])
    expect(issuesOf('a.ts', `// ${sentence}\nexport {}\n`)).toMatchObject([issue])
    expect(issuesOf('a.ts', `throw new Error(\`${sentence}\`)\n`)).toMatchObject([issue])
  })

  it.each([
    'It parses one item at a time, 500 events a second.',
    'One part of a text has a label, and how many rows a file has is known.',
    'One command trains a model, 32 have a row. 8. Correct a label.',
    'It sends the records in order to the partition.',
    'Two clients, both of which close; 4 of which wait.',
    'Dear customer, write in the middle of a line.',
    'The file used to shuffle is the one that is used to test.',
  ])('accept "%s"', (sentence) => {
    expect(found('a.md', `${sentence}\n`)).toEqual([])
  })

  it('find a phrase across the lines of a comment, and say where it begins', () => {
    const text = 'const a = 1\n// It writes one file\n// a command.\n/** Made\n * anew. */\n'
    const issues = issuesOf('a.ts', text)
    expect(issues.map((issue) => issue.found)).toEqual(['one file a command', 'anew'])
    expect(issues.map(({ offset }) => text.slice(offset, offset + 4))).toEqual(['one ', 'anew'])
  })

  it('leave history to the change log', () => {
    expect(found('CHANGELOG.md', 'The limit used to be 5.\n')).toEqual([])
  })

  it('limit a sentence of a document to 40 words, a code span being one', () => {
    const sentence = (words: number) => `It ${'says '.repeat(words - 2)}\`npm test\`.`
    expect(found('a.md', `${sentence(40)} ${sentence(40)}\n\n- ${sentence(40)}\n`)).toEqual([])
    expect(issuesOf('a.md', `# Title\n\n- ${sentence(20)}\n- ${sentence(41)}\n`)).toMatchObject([
      { offset: 116, advice: 'sentences of at most 40 words, not 41' },
    ])
    expect(found('a.ts', `// ${sentence(41)}\n`)).toEqual([])
  })
})

describe('what is prose', () => {
  it.each([
    ['a code span', 'a.md', 'Run `git mend anew`.\n'],
    ['a code block', 'a.md', '- Run:\n  ```sh\n  mend anew\n  ```\n'],
    ['the target of a link', 'a.md', '[text](docs/anew.md)\n'],
    ['code', 'a.ts', 'export const anew = mend\n'],
    ['a string of one word', 'a.ts', "read('anew')\n"],
    ['a regular expression', 'a.ts', 'export const a = / \\/\\/ made anew/\n'],
    ['the code in a template', 'a.ts', 'export const a = `made ${anew} at once`\n'],
    ['a code span of a comment', 'a.ts', '/** Calls `anew`. */\nexport {}\n'],
  ])('%s is not', (_, path, text) => {
    expect(found(path, text)).toEqual([])
  })

  it('a comment is, wherever it stands', () => {
    const text = 'f(/* anew */ 1, {\n  // anew\n})\n/** anew */\nconst a = b / c // anew\n'
    expect(found('a.ts', text)).toEqual(['anew', 'anew', 'anew', 'anew'])
  })
})

describe('the words that the dictionaries of the spell checker lack', () => {
  it('are sorted, each there once', () => {
    const words = readFileSync('scripts/prose/words.txt', 'utf8').trimEnd().split('\n')
    const sorted = [...new Set(words.map((word) => word.toLowerCase()))].sort()
    expect(words.map((word) => word.toLowerCase())).toEqual(sorted)
  })
})
