// Sends a report of a run or a version, an HTML page of its own. It comes from the model store, and
// quotes texts and labels that others wrote, so it runs in a sandbox that cannot reach the gateway.
import type { Context } from 'hono'
import type { GatewayEnv } from './request-context.ts'

/**
 * The policy of a report. Without `allow-same-origin` a sandboxed page has an origin of its own: it
 * reads neither cookies nor storage of the dashboard, and the gateway refuses what it sends
 * (https://www.w3.org/TR/CSP3/#directive-sandbox). With `default-src 'none'` it loads nothing and
 * connects to nothing. Its own scripts, styles and drawings are inline.
 */
export const reportPolicy = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

/** Why masked readers get no report. */
export const reportNeeds = 'Reports quote texts as they are stored, so they need'

/** The response with a report. */
export function storedReport(c: Context<GatewayEnv>, html: Uint8Array<ArrayBuffer>): Response {
  return c.body(html, 200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': reportPolicy,
    'Referrer-Policy': 'no-referrer',
  })
}

/** The description of that response. */
export const reportResponse = {
  description: 'An HTML page without links to other files, in a sandbox of its own.',
  content: { 'text/html': { schema: { type: 'string' as const } } },
}
