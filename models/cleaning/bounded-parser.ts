// Runs htmlparser2 in steps and in linear time. For each end tag, the parser searches all open
// elements. So this file drops end tags that match none before the parser sees them, and gives up
// on a document with too many open elements. The caller interprets the tags.
import { Parser } from 'htmlparser2'

/** What the parser finds, in the order of the document. */
export type MarkupEvents = {
  opened(name: string, attributes: Readonly<Record<string, string>>): void
  /** The last opened element is closed; at the end there may be one call too many. */
  closed(): void
  text(text: string): void
  /** A comment, a declaration or an instruction. */
  passed(): void
}

export type BoundedParser = {
  /** Parses for about a millisecond. */
  read(): 'more' | 'ended' | 'too deep'
}

/** The most open elements in a document that is parsed. */
const openElementsMax = 1_000
/** Events between two stops. */
const stepEvents = 1_000
/** The parser keeps a second list for these, from which ends that match none remove as well. */
const foreignNames = new Set([
  'annotation-xml',
  'desc',
  'foreignobject',
  'math',
  'mi',
  'mn',
  'mo',
  'ms',
  'mtext',
  'svg',
  'title',
])

/** Prepares the parsing of a document. */
export function createBoundedParser(html: string, events: MarkupEvents): BoundedParser {
  const open: string[] = []
  const openByName = new Map<string, number>()
  let foreign = 0
  let sinceStop = 0
  let state: 'new' | 'more' | 'ended' | 'too deep' = 'new'
  const count = () => {
    if (++sinceStop >= stepEvents) parser.pause()
  }
  const parser = new Parser({
    onopentag(name, attributes) {
      count()
      open.push(name)
      openByName.set(name, (openByName.get(name) ?? 0) + 1)
      if (foreignNames.has(name)) foreign++
      if (open.length > openElementsMax || foreign > openElementsMax) {
        state = 'too deep'
        parser.pause()
      }
      events.opened(name, attributes)
    },
    onclosetag() {
      count()
      const name = open.pop()
      if (name !== undefined) openByName.set(name, openByName.get(name)! - 1)
      events.closed()
    },
    ontext(text) {
      count()
      events.text(text)
    },
    onattribute: count,
    oncomment() {
      count()
      events.passed()
    },
    onprocessinginstruction() {
      count()
      events.passed()
    },
    onend() {
      state = 'ended'
    },
  })
  const closeTag = parser.onclosetag.bind(parser)
  parser.onclosetag = (start, end) => {
    count()
    const name = html.slice(start, end).toLowerCase()
    const isForeign = foreignNames.has(name)
    if (isForeign) foreign = Math.max(0, foreign - 1)
    if (isForeign || name === 'br' || (openByName.get(name) ?? 0) > 0) closeTag(start, end)
    else if (name === 'p') {
      // An end tag alone means an empty paragraph.
      events.opened(name, {})
      events.closed()
    }
  }
  return {
    read() {
      sinceStop = 0
      if (state === 'new') {
        state = 'more'
        parser.end(html)
      } else if (state === 'more') parser.resume()
      return state
    },
  }
}
