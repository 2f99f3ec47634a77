// open — an envelope opened by the steps of section 8, in their order, against admitted documents; by a device with its prekeys or,
// for a bundle, with the file key.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { DEVICE, ROLES } from './documents.mjs';
import { contentKeys, hashesOf, hpkeOpen, isBucket, slotAad, slotInfo, unpad, bucketOf } from './envelope.mjs';
import { Stopped, addresses, checkBodies, checkSignatures, marksOf } from './notice.mjs';
import { canonical } from './rules.mjs';
import { readNewer, write } from './strict.mjs';
import { H, equal, isZero, label, number, pathRoot, verify, zeros } from './wire.mjs';

const stop = (result, step, reason, what) => { throw new Stopped(result, step, reason, what); };
const reject = (isTrue, step, what) => { if (!isTrue) stop('R', step, undefined, what); };
const quarantine = (isTrue, step, reason, what) => { if (!isTrue) stop('Q', step, reason, what); };
const orStop = (result, step, reason, run) => {
  try { return run(); } catch (error) { throw error instanceof Stopped ? error : new Stopped(result, step, reason, error.message); }
};
const sameDesk = (left, right) => equal(left.entity, right.entity) && left.kind === right.kind;

// --- steps 1 to 4 --------------------------------------------------------------------------------------------------
const checkHeader = (trust, header, delivered, slot) => {
  const isControl = header.class === undefined, count = Number(header.slot_count);
  reject(equal(header.ns, trust.ns), 1, 'ns');
  reject(isControl === (header.precedence === undefined), 1, 'precedence');
  reject(!isControl || header.attachments.length === 0, 1, 'attachments');
  reject(BigInt(delivered.ct.length) === header.ct_len && isBucket(isControl, delivered.ct.length - 16), 1, 'ct_len');
  reject((delivered.slot_index ?? 0n) < header.slot_count, 1, 'slot_index');
  reject(slot.sealed.length === (isControl ? 240 : 164), 1, 'slot length');
  return { header, isControl, count };
};
const openOuter = (trust, octets) => orStop('R', 1, undefined, () => {
  const delivered = canonical('DeliveredEnvelope', octets), slot = canonical('Slot', delivered.slot);
  const newer = readNewer('EnvelopeHeader', delivered.header);
  if (newer.version > 1n) return { delivered, slot, header: newer, isNewer: true, count: Number(newer.slot_count) };
  return { delivered, slot, ...checkHeader(trust, canonical('EnvelopeHeader', delivered.header), delivered, slot) };
});
export const openSealed = (trust, octets, depositHash) => {
  const outer = openOuter(trust, octets), { delivered, header, count } = outer;
  const made = hashesOf({ header: delivered.header, ct: delivered.ct, slotsRoot: delivered.slots_root, count, sig: delivered.sig });
  reject(!depositHash || equal(made.deposit, depositHash), 2, 'deposit_hash');
  const sender = trust.cert(header.sender_entity, header.sender_device);
  quarantine(sender?.kind === DEVICE, 3, 'UNKNOWN_SENDER', 'unknown sender');
  reject(verify(sender.sign_pk, label('envelope', header.plane), made.ehash, delivered.sig), 4, 'signature');
  quarantine(!outer.isNewer, 4, 'UNRECOGNISED_FORMAT', 'newer version');
  return { ...outer, ...made, sender, from: { entity: header.sender_entity, kind: sender.desks[0] } };
};

// --- steps 5 to 10 -------------------------------------------------------------------------------------------------
export const checkSlotPath = ({ delivered, slot, count }, own) => {
  const root = pathRoot(delivered.slot, Number(delivered.slot_index ?? 0n), count, delivered.proof);
  reject(root && equal(root, delivered.slots_root), 5, 'slot proof');
  if (own) reject(sameDesk(slot, own) && equal(slot.device, own.device), 5, 'slot of another device');
};
const openSlot = ({ slot, header, hh, isControl }, own) => {
  const prekey = own.prekeys.find(({ id }) => equal(id, slot.prekey_id));
  quarantine(prekey, 6, 'UNREADABLE', 'no such prekey');
  const plain = orStop('Q', 7, 'UNREADABLE', () =>
    hpkeOpen(prekey.seed, slot.kem_ct, slotInfo(header.ns, slot), slotAad(hh, slot), slot.sealed));
  quarantine(isZero(plain.slice(isControl ? 220 : 140)), 7, 'UNREADABLE', 'zero octets');
  return plain;
};
const CONTROL_KINDS = [2, 3];
export const openContent = ({ header, delivered, hh, isControl }, fileKey) => {
  const keys = contentKeys(header.salt, fileKey);
  quarantine(equal(keys.commit, header.key_commit), 8, 'CANNOT_DECRYPT', 'key_commit');
  const padded = orStop('Q', 9, 'CANNOT_DECRYPT', () => chacha20poly1305(keys.key, zeros(12), hh).decrypt(delivered.ct));
  const plain = unpad(padded), kind = plain?.[0];
  quarantine(plain && plain.length > 0 && bucketOf(isControl, plain.length) === padded.length, 10, 'UNRECOGNISED_FORMAT', 'padding or bucket');
  quarantine(isControl ? CONTROL_KINDS.includes(kind) : [1, 4, 5].includes(kind), 10, 'UNRECOGNISED_FORMAT', 'kind');
  return { kind, content: plain.slice(1) };
};

// --- steps 11 to 14 ------------------------------------------------------------------------------------------------
export const linkOf = (header, contentHash, desk, seq, prev) => {
  const body = write('Link', { ns: header.ns, plane: header.plane, content_hash: contentHash, sender_device: header.sender_device,
    recipient_entity: desk.entity, recipient_kind: desk.kind, seq, prev });
  return { body, hash: H(label('link', header.plane), body) };
};
const checkLink = ({ header, sender, from }, hash, own, plain) => {
  const seq = number(plain.slice(32, 40)), prev = plain.slice(40, 72), sig = plain.slice(72, 136);
  if (sameDesk(own, from)) {
    quarantine(isZero(plain.slice(32, 136)), 13, 'UNRECOGNISED_FORMAT', 'link of an own-desk copy');
    return { seq };
  }
  const link = linkOf(header, hash, own, seq, prev);
  quarantine(seq > 0n && verify(sender.sign_pk, label('link', header.plane), link.body, sig), 13, 'SIGNATURE_INVALID', 'link signature');
  return { seq, prev, linkHash: link.hash };
};
export const judgeNotice = (trust, outer, content, onRevoked) => {
  const object = orStop('Q', 10, 'UNRECOGNISED_FORMAT', () => canonical('SignedNotice', content));
  quarantine(object.releases.length > 0, 10, 'UNRECOGNISED_FORMAT', 'releases');
  const signers = checkSignatures(trust, outer.header.sender_entity, outer.header.plane, object, onRevoked);
  quarantine((outer.sender.roles & ROLES.DESK) !== 0n, 11, 'SIGNATURE_INVALID', 'sender device role');
  return { object, signers, ...checkBodies(trust, object, signers, outer.header) };
};
// own: {entity, kind, device, prekeys: [{id, seed}]}. What is no notice is opened up to step 10; receipt.mjs goes on.
export const open = (trust, own, octets, depositHash, nowMs) => {
  const outer = openSealed(trust, octets, depositHash);
  checkSlotPath(outer, own);
  const plain = openSlot(outer, own), { kind, content } = openContent(outer, plain.slice(0, 32));
  if (kind !== 1) return { ...outer, kind, content, plain };
  const judged = judgeNotice(trust, outer, content);
  quarantine(sameDesk(own, outer.from) || addresses(judged.notice, own), 12, 'UNRECOGNISED_FORMAT', 'not addressed to us');
  const link = checkLink(outer, judged.hash, own, plain);
  const marks = marksOf(trust.state(outer.header.sender_entity).roster, judged, judged.signers, BigInt(nowMs));
  return { ...outer, kind, content, plain, ...judged, ...link, marks };
};
