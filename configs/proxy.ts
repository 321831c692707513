// The proxy for downloads: the configured one, else that of the usual environment variables.

export type DownloadProxy = {
  httpProxy: string | undefined
  httpsProxy: string | undefined
  noProxy: string | undefined
}

/**
 * Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY (either case); `configured` overrides the first two.
 */
export function downloadProxy(configured: string | undefined): DownloadProxy {
  const variable = (name: string) => process.env[name] ?? process.env[name.toLowerCase()]
  return {
    httpProxy: configured ?? variable('HTTP_PROXY'),
    httpsProxy: configured ?? variable('HTTPS_PROXY'),
    noProxy: variable('NO_PROXY'),
  }
}
