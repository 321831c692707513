import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText, type CleaningStep } from './clean-text.ts'

const usual: CleaningStep[] = ['unicode', 'control', 'whitespace']

describe('cleanText', () => {
  it('composes, repairs half surrogate pairs, drops controls, keeps joiners and direction marks', () => {
    expect(cleanText('Cafe\u0301\u0007 \ud800!', usual)).toBe('Café \ufffd!')
    expect(cleanText('👩\u200d🚀 می\u200cخواهم \u202bשלום', usual)).toBe(
      '👩\u200d🚀 می\u200cخواهم \u202bשלום',
    )
  })

  it('keeps line breaks but not runs of spaces', () => {
    expect(cleanText(' a\t\u00a0b \r\n\r\n  c\u0000 ', usual)).toBe('a b\nc')
  })

  it('drops quoted mail and the signature', () => {
    expect(
      cleanText('I agree.\n> you said\n  >> and he\nSo?\n-- \nAnn\nACME', ['mail-quotes']),
    ).toBe('I agree.\nSo?')
  })

  it('turns markup into text and leaves comparisons alone', () => {
    expect(cleanText('<p>Hi <b>there</b></p><script>x()</script>', ['markup'])).toBe('Hi there')
    expect(cleanText('if a < b and c > d', ['markup'])).toBe('if a < b and c > d')
  })

  it('changes nothing when applied twice, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const once = cleanText(text, usual)
        expect(cleanText(once, usual)).toBe(once)
      }),
    )
  })
})
