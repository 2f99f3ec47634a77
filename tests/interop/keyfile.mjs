// keyfile — .hlk files (PROTOCOL.md section 12), unlocked.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { equal, join, text, zeros } from './wire.mjs';

const KDF = { RAW: 1, ARGON2: 2, WRAP: 3 }, PREKEYS = 7;
const DEVICE_PARTS = ['seed', 'noise', 'deskWrap', 'hedgeKey'], RELAY_PARTS = ['seed', 'noise', 'logSeed'];

// libsodium's crypto_kdf: BLAKE2b keyed, the number as salt, the context as personalisation; both padded to 16 octets.
const kdf = (key, no, context) =>
  blake2b(zeros(0), { key, dkLen: 32, salt: join([no], zeros(15)), personalization: join(text(context), zeros(8)) });
const number = (octets) => Number(Buffer.from(octets).readBigUInt64LE());
const small = (octets) => Buffer.from(octets).readUInt32LE();

// secret: the 32 octets, the pass-phrase or the desk_wrap key, by the file's kdf.
const mainKey = (file, secret) => {
  if (file.kdf === KDF.RAW) return secret;
  if (file.kdf === KDF.WRAP) return kdf(secret, 7, 'HLPREKEY');
  return argon2id(secret, file.salt, { t: file.opslimit, m: file.memlimit / 1024, p: 1, dkLen: 32 });
};
const readPrekeys = (octets) => Array.from({ length: octets[0] }, (_, i) => {
  const at = 1 + 65 * i, part = (from, to) => octets.slice(at + from, at + to);
  return { kind: octets[at], createdMs: number(part(1, 9)), notAfterMs: number(part(9, 17)), id: part(17, 33), seed: part(33, 65) };
});
export const openKeyFile = (octets, secret) => {
  const part = (from, to) => octets.slice(from, to);
  const file = { version: octets[6], kdf: octets[7], kind: octets[8], sandbox: octets[9], ns: part(10, 42), opslimit: small(part(42, 46)),
    memlimit: number(part(46, 54)), salt: part(54, 70), nonce: part(70, 94), commit: part(94, 126) };
  if (!equal(part(0, 6), text('HLKEY\0')) || file.version !== 1) throw new Error('no key file');
  const key = mainKey(file, secret), aad = part(0, 126), ct = octets.slice(130);
  if (small(part(126, 130)) !== ct.length) throw new Error('length');
  if (!equal(kdf(key, 2, 'HLKEYENC'), file.commit)) throw new Error('wrong secret');
  const plain = xchacha20poly1305(kdf(key, 1, 'HLKEYENC'), file.nonce, aad).decrypt(ct), entity = plain.slice(0, 16), rest = plain.slice(16);
  if (file.kind === PREKEYS) return { ...file, plain, entity, prekeys: readPrekeys(rest) };
  const names = file.kind === 1 ? DEVICE_PARTS : file.kind === 5 ? RELAY_PARTS : ['seed'];
  return { ...file, plain, entity, ...Object.fromEntries(names.map((name, i) => [name, rest.slice(32 * i, 32 * i + 32)])) };
};
