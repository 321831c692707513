// Hands a text to the browser as a file to save.

/** Saves a text under a name. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the address after this function returns.
  setTimeout(() => {
    URL.revokeObjectURL(url)
  }, 10_000)
}
