// Finds the prose in a file: all of a document except its code, and of a TypeScript file the
// comments and the strings that have a space. The rest is masked, character by character, so that
// an offset in the prose is an offset in the file.
import ts from 'typescript'

/** Stands where a character is no prose. No white space, so that no phrase crosses it. */
const masked = '\0'

/** The text of a file with everything masked that is no prose; of the same length. */
export function maskToProse(path: string, text: string): string {
  return path.endsWith('.md') ? proseOfDocument(text) : proseOfSource(path, text)
}

function proseOfDocument(text: string): string {
  return maskCode(text.replaceAll(/^( *)(`{3,}|~{3,}).*\n(?:.*\n)*?\1\2.*$/gm, mask))
}

/** Masks code spans, addresses, and targets of links, which no rule is meant for. */
function maskCode(text: string): string {
  return text
    .replaceAll(/(`+)(?!`)[^\0]+?(?<!`)\1(?!`)/g, mask)
    .replaceAll(/\bhttps?:\/\/[^\s)>\0]+/g, mask)
    .replaceAll(/(?<=\]\()[^)\s\0]+(?=\))/g, mask)
}

function proseOfSource(path: string, text: string): string {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  let prose = ''
  let seen = 0
  const keep = (from: number, kept: string): void => {
    prose += mask(text.slice(prose.length, from)) + maskCode(kept)
  }
  const keepComments = (from: number, to: number): void => {
    for (const comment of text.slice(from, to).matchAll(/\/\*[^]*?\*\/|\/\/.*/g)) {
      keep(from + comment.index, withoutMarkers(comment[0]))
    }
  }
  const visit = (node: ts.Node): void => {
    const children: ts.Node[] = []
    ts.forEachChild(node, (child) => void children.push(child))
    children.forEach(visit)
    if (children.length > 0) return
    const [begin, end] = [node.getStart(file), node.getEnd()]
    // Between two leaves of the tree there are punctuation, keywords and comments.
    keepComments(seen, begin)
    seen = Math.max(seen, end)
    if (isText(node)) {
      const literal = text.slice(begin + 1, end - 1)
      if (/[a-z] +[a-z]/i.test(literal)) keep(begin + 1, withoutEscapes(literal))
    } else if (!ts.isRegularExpressionLiteral(node)) {
      keepComments(begin, end)
    }
  }
  visit(file)
  return joinLines(prose + mask(text.slice(prose.length)))
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)
}

function withoutMarkers(comment: string): string {
  return comment.replaceAll(/^ *(?:\/\*\*?|\*\/|\/\/|\*)|\*\/$/gm, spaces)
}

function withoutEscapes(literal: string): string {
  return literal.replaceAll(/\\(?:u[\da-f]{4}|u\{[\da-f]+\}|x[\da-f]{2}|.)/gi, spaces)
}

/** The margin of a comment's next line becomes white space, as a phrase may go on there. */
function joinLines(prose: string): string {
  return prose.replaceAll(/(?<=\n)\0+(?= {2})/g, spaces)
}

function mask(text: string): string {
  return text.replaceAll(/[^\n]/g, masked)
}

function spaces(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}
