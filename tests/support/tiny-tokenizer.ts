// A tokenizer.json of BERT's kind with a vocabulary that fits the tiny encoder.
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']
const letters = Array.from('abcdefghijklmnopqrstuvwxyz')

/** The file: special tokens, then the letters as words, ids below the tiny encoder's vocabulary. */
export function tinyTokenizerJson(): string {
  const vocab = Object.fromEntries([...special, ...letters].map((token, id) => [token, id]))
  const token = (name: string) => ({ SpecialToken: { id: name, type_id: 0 } })
  const text = { Sequence: { id: 'A', type_id: 0 } }
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [token('[CLS]'), text, token('[SEP]')],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  })
}
