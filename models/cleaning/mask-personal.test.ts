// What is masked, what stays, and how long the worst texts take.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText } from './clean-text.ts'

const mask = (text: string) => cleanText(text, ['personal'])

describe('the step personal', () => {
  it.each([
    ['Write to ann.lee+news@mail.example.org.', 'Write to [mail].'],
    ['<bob@example.com>, carol@sub.example.co.uk!', '<[mail]>, [mail]!'],
    ['mailto:dan@example.de?subject=x', 'mailto:[mail]?subject=x'],
    ['Call +49 30 901820 or 030/9018-2033', 'Call [phone] or [phone]'],
    ['(555) 010-9999, 555-555-0100, 0044 20 7946 0958', '[phone], [phone], [phone]'],
    ['Card 4111 1111 1111 1111, exp 12/27', 'Card [card], exp 12/27'],
    ['5500005555555559 and 3782-822463-10005', '[card] and [card]'],
    ['IBAN DE89 3704 0044 0532 0130 00 please', 'IBAN [iban] please'],
    ['GB82WEST12345698765432.', '[iban].'],
    ['NO93 8601 1117 947', '[iban]'],
    ['a@b.cc', '[mail]'],
    ['我的邮箱是ann@example.org，谢谢', '我的邮箱是[mail]，谢谢'],
  ])('masks %j', (text, masked) => {
    expect(mask(text)).toBe(masked)
  })

  it.each([
    'Order 1234567890123456 from 2026-11-30 10:04:12',
    'DE89 3704 1144 1532 1130 02 has a wrong check digit',
    'Version 1.2.3.4, build 20261130, 192.168.100.200',
    'user@localhost and @handle and a @ b.com',
    'invoice INV0301234567 and a0301234567',
    '3.14159265358979323846264338327950288',
    'call me at 5 or 110',
  ])('leaves %j', (text) => {
    expect(mask(text)).toBe(text)
  })

  it('never makes a text longer', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('ann@example.org', '+49 30 901820', '4111111111111111', 'NO9386011117947'),
      fc.constantFrom('@', '.', '0', '+', '(', ' ', '-', 'DE', '12'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        const masked = mask(text)
        expect(masked.length).toBeLessThanOrEqual(text.length)
        expect(Buffer.byteLength(masked)).toBeLessThanOrEqual(Buffer.byteLength(text))
      }),
      { numRuns: 500 },
    )
  })
})
