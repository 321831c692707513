// The .proto files that every Protobuf compiler and Confluent's registry know, so that schemas
// import them without a reference. Only the parts by which values are read.

/** Texts of files by the path in an import. */
export const wellKnownFiles: ReadonlyMap<string, string> = new Map([
  file('google/protobuf/any.proto', 'message Any { string type_url = 1; bytes value = 2; }'),
  file(
    'google/protobuf/duration.proto',
    'message Duration { int64 seconds = 1; int32 nanos = 2; }',
  ),
  file('google/protobuf/empty.proto', 'message Empty {}'),
  file('google/protobuf/field_mask.proto', 'message FieldMask { repeated string paths = 1; }'),
  file(
    'google/protobuf/struct.proto',
    `message Struct { map<string, Value> fields = 1; }
    message Value {
      oneof kind {
        NullValue null_value = 1;
        double number_value = 2;
        string string_value = 3;
        bool bool_value = 4;
        Struct struct_value = 5;
        ListValue list_value = 6;
      }
    }
    enum NullValue { NULL_VALUE = 0; }
    message ListValue { repeated Value values = 1; }`,
  ),
  file(
    'google/protobuf/timestamp.proto',
    'message Timestamp { int64 seconds = 1; int32 nanos = 2; }',
  ),
  file(
    'google/protobuf/wrappers.proto',
    [...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes']]
      .map((name) => `message ${name}Value { ${name.toLowerCase()} value = 1; }`)
      .join('\n'),
  ),
  // Options of other files are described in it; no value is read by it.
  file('google/protobuf/descriptor.proto', ''),
  file(
    'google/type/date.proto',
    'message Date { int32 year = 1; int32 month = 2; int32 day = 3; }',
  ),
  file('google/type/latlng.proto', 'message LatLng { double latitude = 1; double longitude = 2; }'),
  file(
    'google/type/money.proto',
    'message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }',
  ),
  file(
    'google/type/timeofday.proto',
    'message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }',
  ),
  file('confluent/meta.proto', ''),
  file(
    'confluent/type/decimal.proto',
    'message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
  ),
])

function file(path: string, messages: string): [string, string] {
  const name = path.slice(0, path.lastIndexOf('/')).replaceAll('/', '.')
  return [path, `syntax = "proto3"; package ${name}; ${messages}`]
}
