// Array.fromAsync, which the ES2024 library that checks this project lacks.

/** All elements of a stream. */
export async function collect<Element>(stream: AsyncIterable<Element>): Promise<Element[]> {
  const elements: Element[] = []
  for await (const element of stream) elements.push(element)
  return elements
}
