// Lays out the text of a document: white space, blocks separated by line breaks, lists and quotes.
// elements.ts maps elements to layouts. Nested blocks copy their text once per level.

/** A text under construction: a block, or an item of a list. */
type Block = {
  /** The line breaks before it; its first child may require more. */
  breaksBefore: number
  readonly breaksAfter: number
  readonly isPreformatted: boolean
  /** Finished text; the open lines that inline text still joins come after it. */
  settled: string
  lines: string
  isLineStart: boolean
  /** The line breaks that are due before the next text. */
  breaksDue: number
  /** Whether white space is pending, which becomes a space if a word follows. */
  isSpaceDue: boolean
  /** The items of a list. */
  readonly items: ListItem[] | undefined
  /** The mark of a list item. */
  readonly mark: string
}

type ListItem = {
  readonly mark: string
  readonly text: string
  readonly before: number
  readonly after: number
}

type Breaks = { readonly breaksBefore: number; readonly breaksAfter: number }

const word = /[^ \t\r\n\f\u200b]+/g
const spaceFirst = /^[ \t\r\n\f\u200b]/
const spaceLast = /[ \t\r\n\f\u200b]$/

/** Builds the text of one document from the left. */
export class TextLayout {
  #open: Block[] = [newBlock({ breaksBefore: 1, breaksAfter: 1 })]
  #headings = 0
  readonly #unitsMax: number
  #isTooLong = false

  /**
   * Nested lists and quotes can make a text many times as long; `unitsMax` is the bound of any
   * block.
   */
  constructor({ unitsMax }: { unitsMax: number }) {
    this.#unitsMax = unitsMax
  }

  /** Whether a block has become longer than allowed. */
  get isTooLong(): boolean {
    return this.#isTooLong
  }

  /** Discards all text and starts again. */
  restart(): void {
    this.#open = [newBlock({ breaksBefore: 1, breaksAfter: 1 })]
    this.#headings = 0
  }

  /**
   * Adds text to the block that is open: words with one space between, or as it is where
   * preformatted.
   */
  addText(text: string): void {
    const block = this.#top
    if (block.isPreformatted) {
      block.settled += text
      return
    }
    const words = text.match(word)
    if (words === null) {
      // Line breaks that are due make white space irrelevant.
      if (block.breaksDue === 0 && text !== '') block.isSpaceDue = true
      return
    }
    if (block.breaksDue > 0) breakLine(block, block.breaksDue)
    block.breaksDue = 0
    if (!block.isLineStart && (block.isSpaceDue || spaceFirst.test(text))) block.lines += ' '
    const spaced = words.join(' ')
    block.lines += this.#headings > 0 ? spaced.toUpperCase() : spaced
    block.isLineStart = false
    block.isSpaceDue = spaceLast.test(text)
  }

  addLineBreak(): void {
    const block = this.#top
    if (block.isPreformatted) block.settled += '\n'
    else breakLine(block, 1)
  }

  /** Opens a block inside the current block. */
  openBlock(breaks: Breaks): void {
    this.#open.push(newBlock(breaks, { isPreformatted: this.#top.isPreformatted }))
  }

  /** Opens a block that keeps its white space. */
  openPreformatted(breaks: Breaks): void {
    this.#open.push(newBlock(breaks, { isPreformatted: true }))
  }

  /** Closes the current block and adds its text, with `linePrefix` on each line, to its parent. */
  closeBlock({ linePrefix = '' }: { linePrefix?: string } = {}): void {
    const block = this.#open.pop()!
    const text = textOf(block)
    this.#append(this.#top, linePrefix === '' ? text : prefixed(text, linePrefix), {
      breaksBefore: block.breaksBefore,
      breaksAfter: Math.max(block.breaksDue, block.breaksAfter),
    })
  }

  /** Opens a heading; text up to the matching `closeHeading` is in upper case. */
  openHeading(breaks: Breaks): void {
    this.openBlock(breaks)
    this.#headings++
  }

  closeHeading(): void {
    this.#headings--
    this.closeBlock()
  }

  openList(breaks: Breaks): void {
    this.#open.push(newBlock(breaks, { isPreformatted: this.#top.isPreformatted, items: [] }))
  }

  openListItem(mark: string): void {
    const { isPreformatted } = this.#top
    this.#open.push(newBlock({ breaksBefore: 1, breaksAfter: 1 }, { isPreformatted, mark }))
  }

  closeListItem(): void {
    const item = this.#open.pop()!
    this.#top.items!.push({
      mark: item.mark,
      text: textOf(item),
      before: item.breaksBefore,
      after: Math.max(item.breaksDue, item.breaksAfter),
    })
  }

  /** Closes the list. The text of all items is aligned after the longest mark. */
  closeList(): void {
    const list = this.#open.pop()!
    const items = list.items!
    const width = items.reduce((most, { mark }) => Math.max(most, mark.length), 0)
    const indent = `\n${' '.repeat(width)}`
    for (const { mark, text, before, after } of items) {
      const marked = mark.padEnd(width) + text.replaceAll('\n', indent)
      this.#append(list, marked, { breaksBefore: before, breaksAfter: after })
    }
    const text = textOf(list)
    if (text === '') return
    this.#append(this.#top, text, list)
  }

  /** The text of the document, once all blocks are closed. */
  text(): string {
    return textOf(this.#open[0]!)
  }

  get #top(): Block {
    return this.#open.at(-1)!
  }

  #append(block: Block, text: string, { breaksBefore, breaksAfter }: Breaks): void {
    const before = textOf(block)
    const breaks = Math.max(block.breaksDue, breaksBefore)
    block.lines = ''
    block.isLineStart = true
    if (before === '') {
      block.settled = text
      block.breaksBefore = breaks
    } else block.settled = before + '\n'.repeat(breaks) + text
    block.breaksDue = breaksAfter
    if (block.settled.length > this.#unitsMax) this.#isTooLong = true
  }
}

function breakLine(block: Block, breaks: number): void {
  block.lines += '\n'.repeat(breaks)
  block.isLineStart = true
}

function newBlock(
  { breaksBefore, breaksAfter }: Breaks,
  options: { isPreformatted?: boolean; items?: ListItem[]; mark?: string } = {},
): Block {
  const { isPreformatted = false, items, mark = '' } = options
  return {
    breaksBefore,
    breaksAfter,
    isPreformatted,
    settled: '',
    lines: '',
    isLineStart: true,
    breaksDue: 0,
    isSpaceDue: false,
    items,
    mark,
  }
}

function textOf({ settled, lines }: Block): string {
  return settled + lines
}

/** Empty lines around the text are dropped. */
function prefixed(text: string, linePrefix: string): string {
  let from = 0
  let to = text.length
  while (from < to && text[from] === '\n') from++
  while (to > from && text[to - 1] === '\n') to--
  return linePrefix + text.slice(from, to).replaceAll('\n', `\n${linePrefix}`)
}
