// envelope — the key schedule of section 6, HPKE (RFC 9180) over noble's X-Wing, padding, hashes; sealing with known randomness.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { ml_kem768_x25519 as XWing } from '@noble/post-quantum/hybrid.js';
import { write } from './strict.mjs';
import { B, H, PAE, join, label, sign, text, treePath, treeRoot, u16be, u32be, u64be, u8, zeros } from './wire.mjs';

export const hkdf = (prk, name, len, suffix = zeros(0)) => expand(sha256, prk, join(text(`hotline/v1/${name}`), suffix), len);

// --- HPKE, base mode, one message ------------------------------------------------------------------------------------
const KEM = 0x647a, KDF = 1, AEAD = 3;
const SUITE = join(text('HPKE'), u16be(KEM), u16be(KDF), u16be(AEAD));
const labeledExtract = (salt, name, ikm) => extract(sha256, join(text('HPKE-v1'), SUITE, text(name), ikm), salt);
const labeledExpand = (prk, name, info, len) => expand(sha256, prk, join(u16be(len), text('HPKE-v1'), SUITE, text(name), info), len);
const hpkeKeys = (shared, info) => {
  const context = join([0], labeledExtract(zeros(0), 'psk_id_hash', zeros(0)), labeledExtract(zeros(0), 'info_hash', info));
  const secret = labeledExtract(shared, 'secret', zeros(0));
  return { shared, key: labeledExpand(secret, 'key', context, 32), nonce: labeledExpand(secret, 'base_nonce', context, 12) };
};
export const hpkeSeal = (pk, coins, info, aad, plain) => {
  const { cipherText: enc, sharedSecret } = XWing.encapsulate(pk, coins), keys = hpkeKeys(sharedSecret, info);
  return { ...keys, enc, sealed: chacha20poly1305(keys.key, keys.nonce, aad).encrypt(plain) };
};
export const hpkeOpen = (seed, enc, info, aad, sealed) => {
  const keys = hpkeKeys(XWing.decapsulate(enc, XWing.keygen(seed).secretKey), info);
  return chacha20poly1305(keys.key, keys.nonce, aad).decrypt(sealed);
};
export const prekeyOf = (seed) => XWing.keygen(seed).publicKey;

// --- schedule --------------------------------------------------------------------------------------------------------
export const schedule = ({ hedgeKey, random, contentHash, createdMs, row }) => {
  const ikm = join(random, contentHash, u64be(createdMs), u64be(row)), seed = extract(sha256, ikm, hedgeKey);
  return { ikm, seed, fileKey: hkdf(seed, 'seal-file-key', 32), salt: hkdf(seed, 'seal-salt', 32),
    envelopeId: hkdf(seed, 'seal-envelope-id', 16), coins: (i) => hkdf(seed, 'seal-kem', 64, u32be(i)) };
};
export const contentKeys = (salt, fileKey) => {
  const prk = extract(sha256, fileKey, salt);
  return { prk, key: hkdf(prk, 'content', 32), commit: hkdf(prk, 'commit', 32) };
};
export const slotInfo = (ns, slot) => PAE('hotline/v1/slot', join(ns, slot.entity, slot.device, slot.prekey_id));
export const slotAad = (hh, slot) => join(hh, slot.entity, u8(slot.kind), slot.device, slot.prekey_id);
export const hashesOf = ({ header, ct, slotsRoot, count, sig }) => {
  const hh = H('hotline/v1/header-hash', header), ehash = H('hotline/v1/envelope-hash', hh, B(ct), slotsRoot, u32be(count));
  return { hh, ehash, deposit: sig && H('hotline/v1/deposit', ehash, sig) };
};

// --- padding ---------------------------------------------------------------------------------------------------------
export const bucketOf = (isControl, len) => {
  if (isControl) return len < 1024 ? 1024 : 0;
  for (let bucket = 1024; bucket <= 65536; bucket *= 2) if (len < bucket) return bucket;
  return (Math.floor(len / 65536) + 1) * 65536;
};
export const isBucket = (isControl, len) => bucketOf(isControl, len - 1) === len;
export const pad = (plain, bucket) => join(plain, [0x80], zeros(bucket - plain.length - 1));
// The octets before the padding; undefined where it is none.
export const unpad = (padded) => {
  const end = padded.findLastIndex((octet) => octet !== 0);
  return end >= 0 && padded[end] === 0x80 ? padded.slice(0, end) : undefined;
};

// --- sealing ---------------------------------------------------------------------------------------------------------
// letter: ns, header fields, kind, content, made (a schedule), slots: [{entity, kind, device, prekey_id, pk, rest}], seed (device's);
// rest is the slot plaintext after the file key.
export const seal = ({ header: fields, kind, content, made, slots: bare, seed }) => {
  const plain = join([kind], content), bucket = bucketOf(!fields.class, plain.length), keys = contentKeys(made.salt, made.fileKey);
  const header = write('EnvelopeHeader', { ...fields, version: 1, suite: 1, envelope_id: made.envelopeId, salt: made.salt,
    key_commit: keys.commit, ct_len: bucket + 16, slot_count: bare.length });
  const hh = H('hotline/v1/header-hash', header), padded = pad(plain, bucket), ct = chacha20poly1305(keys.key, zeros(12), hh).encrypt(padded);
  const parts = bare.map((slot, i) => {
    const slotPlain = join(made.fileKey, slot.rest), info = slotInfo(fields.ns, slot), aad = slotAad(hh, slot), coins = made.coins(i);
    const one = hpkeSeal(slot.pk, coins, info, aad, slotPlain);
    return { ...one, plain: slotPlain, info, aad, coins, slot: write('Slot', { ...slot, kem_ct: one.enc, sealed: one.sealed }) };
  });
  const slots = parts.map(({ slot }) => slot), slotsRoot = treeRoot(slots), count = slots.length;
  const { ehash } = hashesOf({ header, ct, slotsRoot, count }), sig = sign(seed, label('envelope', fields.plane), ehash);
  return { ...keys, header, hh, padded, ct, parts, slots, slotsRoot, ehash, sig, deposit: H('hotline/v1/deposit', ehash, sig),
    octets: write('Envelope', { header, ct, slots, sig }),
    deliver: (i) => write('DeliveredEnvelope', { header, ct, slot: slots[i], slot_index: i, proof: treePath(slots, i), slots_root: slotsRoot, sig }) };
};
