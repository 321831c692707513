// Our rules of prose: phrases that STYLE.md's section Language or a review rejected, each with what
// to write instead, and a limit on sentences. A rule stays here while nearly all of its hits are
// mistakes; what needs judgement ("now", "no longer") is left to the reviewer.

/** One place where prose breaks a rule. */
export type ProseIssue = {
  /** Offset of the first character. */
  offset: number
  found: string
  advice: string
}

type PhraseRule = { pattern: RegExp; advice: string }

/** More words than this in one sentence of a document are an issue. */
const sentenceWordsMax = 40

const phraseRules: readonly PhraseRule[] = [
  phrase(/\bmend(?:s|ed|ing)?\b/i, 'fix'),
  phrase(/\banew\b/i, 'again'),
  phrase(/\bdear(?:er|est)?\b(?! [A-Z]| customer| colleague)/, 'expensive, or "costs more"'),
  phrase(rateWithoutPer(), 'per'),
  phrase(/\bby what\b/i, '"how", or name it'),
  phrase(
    /(?<!,|\d|\b(?:all|any|both|each|half|many|most|none|one|some|two|three)) of which\b/i,
    'two sentences, or "whose"',
  ),
  phrase(/\b(?:himself|herself)\b/i, 'itself'),
  phrase(/\bwords on\b/i, 'name them: events, labels, records'),
  phrase(/\bin mid[- ][a-z]+/i, '"during" or "in the middle of"'),
  phrase(/\blives on\b/i, '"uses", or "is in"'),
  phrase(/\bnamed in one sentence\b/i, 'say who says what'),
  phrase(
    /\b(?:thereof|therein|thereto|thereupon|hereby|hereof|whereby|wherein|whereupon|whence|thence|henceforth|hitherto|thrice|whilst|amongst|lest)\b/i,
    'the common word',
  ),
  phrase(/\b(?:in order to|so as to)\b(?! (?:a|an|each|its|the|their)\b)/i, 'to'),
  phrase(/\b(?:due to the fact that|in view of the fact that)\b/i, 'because'),
  phrase(/\bin the event that\b/i, 'if'),
  phrase(/\bprior to\b/i, 'before'),
  phrase(/\b(?:utilise|utilize)[sd]?\b/i, 'use'),
  phrase(/\b(the|an|of|to|is|and|for|with|are|from|by) \1\b/i, 'the word once'),
]

/** The change log is the one place for history. */
const historyRule = phrase(
  /\b(?:previously|formerly|in the past|until recently|used to be)\b/i,
  'what is so; history stands in CHANGELOG.md',
)

/** A sentence ends at its mark, before an empty line, an item of a list, or a row of a table. */
const sentences = /[^]+?(?:[.!?:][)"*_]*(?=\s)|\n(?=\s*(?:\n|[-*|]|\d+\.\s))|$(?![^]))/g

/** What is wrong with a text in which all but prose is masked (prose-mask.ts), in its order. */
export function proseIssues(path: string, prose: string): ProseIssue[] {
  const rules = path === 'CHANGELOG.md' ? phraseRules : [...phraseRules, historyRule]
  const issues = rules.flatMap((rule) => phraseIssues(rule, prose))
  if (path.endsWith('.md')) issues.push(...longSentences(prose))
  return issues.sort((a, b) => a.offset - b.offset)
}

function phraseIssues({ pattern, advice }: PhraseRule, prose: string): ProseIssue[] {
  return [...prose.matchAll(pattern)].map((match) => {
    const found = match[0].trimStart()
    const offset = match.index + match[0].length - found.length
    return { offset, found: found.replaceAll(/\s+/g, ' '), advice }
  })
}

function longSentences(prose: string): ProseIssue[] {
  return [...prose.matchAll(sentences)].flatMap((match) => {
    const sentence = match[0].trimStart()
    // A code span is a word, though it is masked.
    const words = sentence.split(/\s+/).filter((word) => /[\w\0]/.test(word))
    if (words.length <= sentenceWordsMax || sentence.startsWith('|')) return []
    const beginning = words.slice(0, 6).join(' ').replaceAll(/\0+/g, '`...`')
    return {
      offset: match.index + match[0].length - sentence.length,
      found: `${beginning} ...`,
      advice: `sentences of at most ${sentenceWordsMax} words, not ${words.length}`,
    }
  })
}

/** A space becomes any white space, so that a phrase is found across the end of a line. */
function phrase(pattern: RegExp, advice: string): PhraseRule {
  const source = pattern.source.replaceAll(' ', String.raw`\s+`)
  return { pattern: new RegExp(source, `g${pattern.flags}`), advice }
}

/** "One file a command", "3 ms a batch"; not "one part of a text", nor "500 events a second". */
function rateWithoutPer(): RegExp {
  // Words that show that no rate is meant.
  const others =
    'after|and|are|as|at|before|by|can|cannot|counts|for|from|gets|has|have|holds|in|into|is|' +
    'like|makes|may|must|of|on|or|over|per|plays|share|than|that|to|unless|was|which|will|with|' +
    'without'
  const word = String.raw`(?!(?:${others})\b)[\w-]+`
  // The end tells a noun from a verb: "one command trains a model" is no rate.
  const one = String.raw`(?:one|1) (?:${word} )?${word}(?<!s) `
  const several = String.raw`(?:two|three|four|\d[\d.,]*\d|[2-9]) (?:${word} )?${word}(?<=s) `
  const counted = String.raw`(?<![\w-])(?:${one}|${several})`
  const unit = '(?:bytes|[kMG]i?B|ms|us|milliseconds|seconds|tokens|rows|records|texts|steps) '
  const measured = String.raw`(?<!\b(?:how many|how much|most|the) )\b${unit}`
  // A unit of time is not among them: "a second" is good English.
  const nouns =
    'answer|band|base|batch|block|chunk|class|client|column|command|connection|document|epoch|' +
    'event|example|file|fold|folder|kind|label|layer|line|mail|message|model|partition|process|' +
    'record|request|row|run|seed|server|service|session|side|stage|step|table|test|text|thread|' +
    'token|topic|trial|version|word|worker'
  return new RegExp(
    String.raw`(?:${counted}|${measured})an? (?:${nouns})\b(?! (?:has|is|that|with))`,
    'i',
  )
}
