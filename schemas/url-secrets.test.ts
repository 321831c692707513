import { describe, expect, it } from 'vitest'
import { errorMessage } from './errors.ts'
import { withoutUrlSecrets, withoutValueSecrets } from './url-secrets.ts'

describe('withoutUrlSecrets', () => {
  it.each([
    ['connect to http://me:sesame@host:8123/x failed', 'connect to http://***@host:8123/x failed'],
    ['"https://token@host" and http://a:b@c', '"https://***@host" and http://***@c'],
    ['http://u:pa/ss?w#rd@host', 'http://***@host'],
    ['http://h/?user=a&password=b&x=1', 'http://h/?user=a&password=***&x=1'],
    ['http://h/?X-Amz-Security-Token=abc#x', 'http://h/?X-Amz-Security-Token=***#x'],
    ['http://host:8123/path', 'http://host:8123/path'],
    ['mail to a@b, nothing else', 'mail to a@b, nothing else'],
  ])('%j is %j', (text, shown) => {
    expect(withoutUrlSecrets(text)).toBe(shown)
    expect(errorMessage(new Error(text))).toBe(shown)
  })

  it('takes time in proportion to the text', () => {
    const startMs = performance.now()
    withoutUrlSecrets('://'.repeat(100_000))
    withoutUrlSecrets(`://${'?key'.repeat(100_000)}`)
    expect(performance.now() - startMs).toBeLessThan(500)
  })
})

describe('withoutValueSecrets', () => {
  it.each([
    ['http://u:my pass@host', 'http://***@host'],
    ['u:sesame@host:9092', '***@host:9092'],
    ['u:se@same@host', '***@host'],
    ['mail@champion', 'mail@champion'],
    ['http://host/?token=x', 'http://host/?token=***'],
    ['', ''],
  ])('%j is %j', (value, shown) => expect(withoutValueSecrets(value)).toBe(shown))
})
