// .proto files as people write them, compared with protobufjs; imports, scopes and the indexes of
// Confluent's serialisers. Files that are wrong or hostile are refused quickly, with a sentence.
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { readProtoSchema, type ProtoSchema } from './proto-schema.ts'

function schemaOf(text: string, files: Record<string, string> = {}): ProtoSchema {
  const read = readProtoSchema(text, (path) => files[path])
  if (read.kind === 'rejected') throw new TypeError(read.message)
  return read.schema
}

const shop = `
// A line comment, with a "quote.
syntax = "proto3";
package acme.shop.v1;
import public "common/money.proto";
import "google/protobuf/timestamp.proto";
option java_package = "com.acme.shop";
option (acme.rule) = { name: "x" values: [1, 2] };
/* A block comment: message Not { string here = 1; } */
extend google.protobuf.FieldOptions { string rule = 50_000; }
message Order {
  option deprecated = true;
  reserved 2, 15, 9 to 11, 1000 to max;
  reserved "foo", "bar";
  string id = 1 [json_name = "ID", (acme.rule) = "a[b]\\"c"];
  repeated .acme.shop.v1.Order.Line lines = 0x3;
  map<string, common.Money> prices = 4;
  Status status = 5;
  google.protobuf.Timestamp at = 6;
  oneof way {
    option (acme.rule) = "y";
    string post = 7;
    Line.Part courier = 8;
  }
  optional int64 weight = 12;
  message Line { string what = 1; message Part { bytes raw = 1; } Part part = 2; }
  enum Status { option allow_alias = true; OPEN = 0; NEW = 0 [deprecated = true]; LOST = -1; reserved 5; }
}
message Refund { Order order = 1; }
service Shop { rpc Get (Order) returns (stream Order) { option (x) = { get: "/a/{b}" }; } }
`
const money = 'syntax = "proto3"; package common; message Money { sint64 cents = 1; }'

describe('readProtoSchema', () => {
  const schema = schemaOf(shop, { 'common/money.proto': money })

  it('reads the fields that protobufjs reads', () => {
    const { root } = protobuf.parse(shop.replace('50_000', '50000'), { keepCase: true })
    for (const name of ['Order', 'Order.Line', 'Order.Line.Part', 'Refund']) {
      const expected = root.lookupType(`acme.shop.v1.${name}`)
      const own = schema.byName(`acme.shop.v1.${name}`)!
      expect([...own.fields.values()].map((field) => [field.number, field.name])).toEqual(
        expected.fieldsArray.map((field) => [field.id, field.name]),
      )
    }
  })

  it('resolves types in the scopes around a field, and in other files', () => {
    const fields = [...schema.byName('acme.shop.v1.Order')!.fields.values()]
    const typeOf = (name: string) => {
      const { type, holds } = fields.find((field) => field.name === name)!
      return [holds, type.kind === 'scalar' ? type.scalar : type.name]
    }
    expect(typeOf('lines')).toEqual(['list', 'acme.shop.v1.Order.Line'])
    expect(typeOf('courier')).toEqual(['one', 'acme.shop.v1.Order.Line.Part'])
    expect(typeOf('status')).toEqual(['one', 'acme.shop.v1.Order.Status'])
    expect(typeOf('at')).toEqual(['one', 'google.protobuf.Timestamp'])
    expect(typeOf('weight')).toEqual(['one', 'int64'])
    expect(typeOf('prices')[0]).toBe('map')
  })

  it('finds messages by name and by the indexes of Confluent', () => {
    const at = (...indexes: number[]) => schema.byIndexes(indexes)?.name
    expect(at(0)).toBe('acme.shop.v1.Order')
    expect(at(1)).toBe('acme.shop.v1.Refund')
    expect(at(0, 0, 0)).toBe('acme.shop.v1.Order.Line.Part')
    expect(at(2)).toBeUndefined()
    expect(at(0, 1)).toBeUndefined()
    expect(at()).toBeUndefined()
    expect(schema.byName('Refund')?.name).toBe('acme.shop.v1.Refund')
    expect(schema.byName('Missing')).toBeUndefined()
  })

  it('reads the features of editions', () => {
    const text = `edition = "2023"; option features.field_presence = IMPLICIT;
      message M {
        string a = 1;
        string b = 2 [features.field_presence = EXPLICIT];
        M c = 3 [features = { message_encoding: DELIMITED }];
      }`
    const fields = [...schemaOf(text).byName('M')!.fields.values()]
    expect(fields.map(({ presence, framing }) => [presence, framing])).toEqual([
      ['implicit', 'length'],
      ['explicit', 'length'],
      ['explicit', 'group'],
    ])
  })

  it('reads a type whose name goes on in the next line', () => {
    const text = `syntax = "proto3"; package acme.shop;
      message A {} message M { acme
        .shop.A before = 1; acme.shop.
        A behind = 2; repeated
        A apart = 3; map<string, acme.
        shop.A> map = 4; }`
    const fields = [...schemaOf(text).byName('acme.shop.M')!.fields.values()]
    expect(fields.map(({ name }) => name)).toEqual(['before', 'behind', 'apart', 'map'])
  })

  it('needs no file whose types it does not need', () => {
    const text =
      'syntax = "proto3"; import "buf/validate/validate.proto"; message M { int32 a = 1; }'
    expect(schemaOf(text).byName('M')).toBeDefined()
  })
})

describe('a schema that cannot be used', () => {
  const nested = `${'message A {'.repeat(10_000)}${'}'.repeat(10_000)}`
  it.each<[string, string, string]>([
    [
      'with an import that is missing',
      'import "a.proto"; message M { A a = 1; }',
      'needs the type A, which is not there; these imports are missing: a.proto',
    ],
    [
      'that ends early',
      'message M { string a = 1;',
      'has its end on line 1 where a name is expected',
    ],
    ['that is JSON', '{"type":"record"}', 'has "{" on line 1 where ";" is expected'],
    [
      'with a field without a number',
      'message M {\n string a; }',
      'has ";" on line 2 where "=" is expected',
    ],
    [
      'with one number twice',
      'message M { int32 a = 1; int32 b = 1; }',
      'two fields with the number 1 in M',
    ],
    ['with one message twice', 'message M {} message M {}', 'defines M twice'],
    ['with a field __proto__', 'message M { int32 __proto__ = 1; }', 'named "__proto__"'],
    ['nested 10,000 deep', nested, 'deeper than 32'],
    [
      'of 100,000 messages',
      Array.from({ length: 100_000 }, (_, at) => `message M${at} {}`).join(''),
      'more than 20000',
    ],
    ['with a comment without an end', `service S { ${'a/*'.repeat(500_000)}`, 'without an end'],
    ['with a text without an end', `service S { ${'"\\'.repeat(500_000)}`, 'without an end'],
    ['of blanks and braces', `option ${'{ '.repeat(1_000_000)}`, 'ends too early'],
    ['in a package of 100,000 names', `package ${'a.'.repeat(100_000)}a;`, 'more than 512'],
    ['of 5 MB', ' '.repeat(5_000_000), 'more than 4194304 characters'],
    [
      'that imports what is wrong',
      'import "bad.proto";',
      'imports bad.proto, which has its end on line 1',
    ],
  ])('%s is refused', (_name, text, message) => {
    const startMs = performance.now()
    const read = readProtoSchema(text, (path) => (path === 'bad.proto' ? 'message' : undefined))
    expect(read).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining(message) as string,
    })
    expect(performance.now() - startMs).toBeLessThan(4_000)
  })

  it('because it imports without end is refused', () => {
    let count = 0
    const read = readProtoSchema('import "a";', () => `import "${count++}";`)
    expect(read).toMatchObject({ kind: 'rejected', message: 'imports more than 1000 files' })
  })
})
