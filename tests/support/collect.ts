// Array.fromAsync for Node 20 and the ES2023 library that this project is checked against.

/** All elements of a stream. */
export async function collect<Element>(stream: AsyncIterable<Element>): Promise<Element[]> {
  const elements: Element[] = []
  for await (const element of stream) elements.push(element)
  return elements
}
