// Keeps credentials in URLs out of messages. configs/ knows which settings are secret.

/**
 * Text with `***` for the user info of every URL in it and for query values with the name of a
 * secret. When in doubt it hides too much: `http://a/b@c` reads `http://***@c`.
 */
export function withoutUrlSecrets(text: string): string {
  if (!text.includes('://')) return text
  return text
    .split(/([\s"<>]+)/)
    .map((word) => (word.includes('://') ? withoutSecrets(word) : word))
    .join('')
}

function withoutSecrets(url: string): string {
  const from = url.indexOf('://')
  const to = url.lastIndexOf('@')
  const bare = to > from ? `${url.slice(0, from)}://***${url.slice(to)}` : url
  const [head = '', ...query] = bare.split(/(?=[?&#])/)
  return head + query.map(withoutSecretValue).join('')
}

/** `?name=value` or `&name=value`. */
function withoutSecretValue(part: string): string {
  const [name = ''] = part.split('=', 1)
  const isSecret = name !== part && /pass|secret|token|key|signature/i.test(name)
  return isSecret ? `${name}=***` : part
}

/**
 * The same for a text that is one value as somebody typed it: without a scheme, or with characters
 * that a URL may not have, such as those of a password that was not encoded.
 */
export function withoutValueSecrets(value: string): string {
  const from = value.indexOf('://')
  const to = value.lastIndexOf('@')
  if (from >= 0 && to > from)
    return withoutUrlSecrets(`${value.slice(0, from)}://***${value.slice(to)}`)
  const hasUserInfo = from < 0 && /^[^@]*:[^]*@/.test(value)
  return hasUserInfo ? `***${value.slice(to)}` : withoutUrlSecrets(value)
}
