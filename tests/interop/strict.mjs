// strict — a message in its one encoding (PROTOCOL.md section 3): read or refused, and written. Ranges are rules.mjs.
// A message is an object of its fields by name: BigInt, boolean, octets, string, object, or an array of them; absent is undefined.
import { enums, kindOf, messages } from './schema.mjs';
import { join, text } from './wire.mjs';

const MAX_DEPTH = 5, MAX_ENUM = 0x7fffffffn;
const RAW_EVERYWHERE = ['Reason', 'Disposition'];
export class NotCanonical extends Error {}
const refuse = (where, what) => { throw new NotCanonical(`${where}: ${what}`); };

class Reader {
  constructor(octets, where) { Object.assign(this, { octets, where, at: 0 }); }
  get isDone() { return this.at >= this.octets.length; }
  take(len) {
    if (len > BigInt(this.octets.length - this.at)) refuse(this.where, 'cut off');
    this.at += Number(len);
    return this.octets.subarray(this.at - Number(len), this.at);
  }
  varint() {
    let value = 0n;
    for (let i = 0n; ; i++) {
      const octet = BigInt(this.take(1n)[0]);
      if (i === 9n && octet > 1n) refuse(this.where, 'more than 64 bits');
      value |= (octet & 127n) << (7n * i);
      if (octet >= 128n) continue;
      if (octet === 0n && i > 0n) refuse(this.where, 'varint not minimal');
      return value;
    }
  }
}

const readNumber = (reader, type, where, isInNotice) => {
  const value = reader.varint();
  if (kindOf(type) === 'enum') {
    if (value > MAX_ENUM) refuse(where, 'enum negative or too large');
    if (enums[type].reserved.includes(Number(value))) refuse(where, 'reserved number');
    if (!(value in enums[type].names) && !isInNotice && !RAW_EVERYWHERE.includes(type)) refuse(where, `enum ${value} unknown`);
    return value;
  }
  if (type === 'bool' && value > 1n) refuse(where, 'bool');
  if (type === 'uint32' && value > 0xffffffffn) refuse(where, 'uint32');
  return type === 'bool' ? value === 1n : type === 'int64' ? BigInt.asIntN(64, value) : value;
};
const readString = (octets, where) => {
  let string;
  try { string = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets); } catch { refuse(where, 'UTF-8'); }
  if (string.includes('\0')) refuse(where, 'NUL');
  return string;
};
const readPacked = (octets, field, where, isInNotice) => {
  if (octets.length === 0) refuse(where, 'packed and empty');
  const reader = new Reader(octets, where), values = [];
  while (!reader.isDone) values.push(readNumber(reader, field.type, where, isInNotice));
  return values;
};
const isDefault = (value) => value === 0n || value === false || value.length === 0;

const skipField = (reader, tag) => {
  if ((tag & 7n) === 0n) reader.varint();
  else if ((tag & 7n) === 2n) reader.take(reader.varint());
  else refuse(reader.where, 'wire type');
};
// Nesting is bounded, so this may call itself.
const readMessage = (name, octets, depth, isInNotice, skipsUnknown = false) => {
  if (depth > MAX_DEPTH) refuse(name, 'nested too deep');
  const reader = new Reader(octets, name), message = {}, members = new Set();
  let last = 0;
  while (!reader.isDone) {
    const tag = reader.varint(), field = messages[name].find(({ number }) => BigInt(number) === tag >> 3n);
    if (!field && skipsUnknown) { skipField(reader, tag); continue; }
    if (!field) refuse(name, `unknown field ${tag >> 3n}`);
    const kind = kindOf(field.type), where = `${name}.${field.name}`;
    const isPacked = field.repeated && ['number', 'enum', 'bool'].includes(kind);
    const isVarint = !isPacked && ['number', 'enum', 'bool'].includes(kind);
    if ((tag & 7n) !== (isVarint ? 0n : 2n)) refuse(where, 'wire type');
    if (field.number < last || (field.number === last && (!field.repeated || isPacked))) refuse(where, 'order');
    last = field.number;
    if (field.oneof && members.has(field.oneof)) refuse(where, 'two members');
    if (field.oneof) members.add(field.oneof);
    const part = isVarint ? null : reader.take(reader.varint());
    const value = isVarint ? readNumber(reader, field.type, where, isInNotice)
      : isPacked ? readPacked(part, field, where, isInNotice)
      : kind === 'message' ? readMessage(field.type, part, depth + 1, isInNotice)
      : kind === 'string' ? readString(part, where) : part;
    if (!field.repeated && kind !== 'message' && isDefault(value)) refuse(where, 'default written');
    if (field.repeated && !isPacked) (message[field.name] ??= []).push(value);
    else message[field.name] = value;
  }
  for (const { name: missing, repeated } of messages[name]) if (repeated) message[missing] ??= [];
  return message;
};
// A header of a newer version: fields that this one does not know are read past.
export const readNewer = (name, octets) => {
  const message = readMessage(name, octets, 1, false, true);
  return message.version > 1n ? message : read(name, octets);
};
export const read = (name, octets) => readMessage(name, octets, 1, name === 'Notice');

// --- the way back --------------------------------------------------------------------------------------------------
const varint = (value) => {
  const octets = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) octets.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...octets, Number(rest)]);
};
const octetsOf = (field, value) => kindOf(field.type) === 'message' ? write(field.type, value)
  : kindOf(field.type) === 'string' ? text(value) : value;
const writeOne = (field, value) => {
  const octets = octetsOf(field, value);
  return join(varint(field.number * 8 + 2), varint(octets.length), octets);
};
const writeField = (field, value) => {
  const isVarint = ['number', 'enum', 'bool'].includes(kindOf(field.type));
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return new Uint8Array(0);
  if (field.repeated && isVarint) return writeOne({ ...field, type: 'bytes' }, join(...value.map(varint)));
  if (field.repeated) return join(...value.map((item) => writeOne(field, item)));
  if (isVarint) return BigInt(value) === 0n ? new Uint8Array(0) : join(varint(field.number * 8), varint(value));
  return kindOf(field.type) !== 'message' && value.length === 0 ? new Uint8Array(0) : writeOne(field, value);
};
export const write = (name, message) => join(...messages[name].map((field) => writeField(field, message[field.name])));
