// Extracts the text of an HTML document in linear time. It decides which text is visible;
// bounded-parser.ts finds the tags, and text-layout.ts lays out the text. Layout and white space
// are those of html-to-text 10, against which it is tested.
import type { Work } from '../runtime/sliced-work.ts'
import { createBoundedParser, type MarkupEvents } from './bounded-parser.ts'
import { elementLayout, listMarks, type ElementLayout } from './elements.ts'
import { TextLayout } from './text-layout.ts'

/** Text in more levels of elements is left out. */
const levelMax = 64
/** Beyond this length, a text must not be longer than its markup. */
const shortTextUnits = 65_536
const rule = '-'.repeat(40)

/**
 * The text of an HTML document, or of its `body` if it has one, laid out in lines. If a document
 * has more than 1,000 open elements at once, or if its text would be longer than the document, only
 * its tags are removed.
 */
export function* markupText(html: string): Work<string> {
  const layout = new TextLayout({ unitsMax: Math.max(html.length, shortTextUnits) })
  const reader = new DocumentReader(layout)
  const parser = createBoundedParser(html, reader)
  for (;;) {
    const state = parser.read()
    if (state === 'too deep' || layout.isTooLong) return html.replace(/<[^<>]*>/g, ' ')
    if (state === 'ended') {
      reader.ended()
      return layout.text()
    }
    yield
  }
}

type OpenElement = {
  readonly name: string
  readonly layout: ElementLayout
  /** The marks of its items, if it is a list. */
  readonly marks: (() => string) | undefined
  /** Whether it is laid out; false outside the body or if it is too deep. */
  isLaidOut: boolean
  /** Whether it is an item of the list around it. */
  isItem: boolean
}

/** Lays out what a parser finds. */
class DocumentReader implements MarkupEvents {
  readonly #layout: TextLayout
  /** The first one is the document itself. */
  readonly #open: OpenElement[] = [
    {
      name: '',
      layout: { kind: 'inline' },
      marks: undefined,
      isLaidOut: true,
      isItem: false,
    },
  ]
  /** The number of elements around those that count, including the document. */
  #around = 1
  #isInBody = false
  #hasBody = false
  /** Text since the last tag or comment. */
  #text = ''

  constructor(layout: TextLayout) {
    this.#layout = layout
  }

  opened(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#layout.isTooLong) return
    this.#endText()
    if (name === 'body' && !this.#isInBody && this.#open.length <= levelMax + 1) this.#beginBody()
    const around = this.#open.at(-1)!
    const isBody = this.#isInBody && this.#open.length === this.#around
    const isItem = around.isLaidOut && around.marks !== undefined
    if (isItem) this.#layout.openListItem(name === 'li' ? around.marks() : '')
    const layout = elementLayout(name)
    const isNested = around.name === 'li'
    const element: OpenElement = {
      name,
      layout,
      marks: layout.kind === 'list' ? listMarks(name, attributes, { isNested }) : undefined,
      isLaidOut: (isBody || around.isLaidOut) && this.#level <= levelMax,
      isItem,
    }
    if (element.isLaidOut) this.#begin(layout, { isNested })
    this.#open.push(element)
  }

  closed(): void {
    if (this.#layout.isTooLong) return
    this.#endText()
    if (this.#open.length === 1) return
    const { layout, isLaidOut, isItem } = this.#open.pop()!
    if (isLaidOut) this.#end(layout)
    if (isItem) this.#layout.closeListItem()
    if (this.#isInBody && this.#open.length === this.#around) this.#isInBody = false
  }

  text(text: string): void {
    this.#text += text
  }

  /** In a list, a comment without text is an item nevertheless. */
  passed(): void {
    if (this.#layout.isTooLong) return
    this.#endText()
    const around = this.#open.at(-1)!
    if (!around.isLaidOut || around.marks === undefined) return
    this.#layout.openListItem('')
    this.#layout.closeListItem()
  }

  /** Called after the last event, when all elements are closed. */
  ended(): void {
    this.#endText()
  }

  #beginBody(): void {
    if (!this.#hasBody) {
      this.#layout.restart()
      for (const element of this.#open) {
        element.isLaidOut = false
        element.isItem = false
      }
    }
    this.#hasBody = true
    this.#isInBody = true
    this.#around = this.#open.length
  }

  /** The number of counted elements around the next text. */
  get #level(): number {
    return this.#open.length - this.#around
  }

  #begin(layout: ElementLayout, { isNested }: { isNested: boolean }): void {
    switch (layout.kind) {
      case 'block':
      case 'quote':
        this.#layout.openBlock(layout)
        return
      case 'preformatted':
        this.#layout.openPreformatted(layout)
        return
      case 'heading':
        this.#layout.openHeading(layout)
        return
      case 'list':
        this.#layout.openList(isNested ? { breaksBefore: 1, breaksAfter: 1 } : layout)
        return
      case 'break':
        this.#layout.addLineBreak()
        return
      case 'rule':
        this.#layout.openBlock({ breaksBefore: 2, breaksAfter: 2 })
        this.#layout.addText(rule)
        this.#layout.closeBlock()
    }
  }

  #end(layout: ElementLayout): void {
    switch (layout.kind) {
      case 'block':
      case 'preformatted':
        this.#layout.closeBlock()
        return
      case 'quote':
        this.#layout.closeBlock({ linePrefix: '> ' })
        return
      case 'heading':
        this.#layout.closeHeading()
        return
      case 'list':
        this.#layout.closeList()
    }
  }

  #endText(): void {
    const text = this.#text
    this.#text = ''
    const around = this.#open.at(-1)!
    if (text === '' || !around.isLaidOut || around.layout.kind === 'none') return
    const isItem = around.marks !== undefined
    if (isItem && /^\s*$/.test(text)) return
    if (isItem) this.#layout.openListItem('')
    if (this.#level <= levelMax) this.#layout.addText(text)
    if (isItem) this.#layout.closeListItem()
  }
}
