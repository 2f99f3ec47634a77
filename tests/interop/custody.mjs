// custody — lanes, checkpoints and custody receipts (PROTOCOL.md section 10): verified and made; mailbox heads by their schema.
import { sha256 } from '@noble/hashes/sha2.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { canonical } from './rules.mjs';
import { write } from './strict.mjs';
import { H, PAE, equal, isGoodPoint, join, pathRoot, text, treePath, treeRoot, u64be, u8, verify } from './wire.mjs';

const need = (isTrue, what) => { if (!isTrue) throw new Error(`custody: ${what}`); };
const sameDesk = (left, right) => equal(left.entity, right.entity) && left.kind === right.kind;
const deskOrder = (left, right) => Buffer.compare(Buffer.from(left.entity), Buffer.from(right.entity)) || Number(left.kind - right.kind);

// --- lanes ---------------------------------------------------------------------------------------------------------
export const laneStart = (ns, relay, from, to, plane) =>
  H('hotline/v1/lane-start', ns, relay, from.entity, u8(from.kind), to.entity, u8(to.kind), u8(plane));
export const laneStep = (head, n, depositHash) => H('hotline/v1/lane-chain', head, u64be(n), depositHash);
export const leafData = (body) => PAE('hotline/v1/custody-leaf', body);

// --- checkpoints: C2SP signed notes --------------------------------------------------------------------------------
const base64 = (octets) => Buffer.from(octets).toString('base64');
const unbase64 = (string, what) => {
  const octets = Uint8Array.from(Buffer.from(string, 'base64'));
  need(base64(octets) === string, what);
  return octets;
};
const keyHash = (origin, pk) => sha256(join(text(origin), text('\n'), [1], pk)).slice(0, 4);
// Not over a PAE: the note is signed as it stands, strictly all the same.
const verifyNote = (pk, body, sig) => isGoodPoint(pk) && isGoodPoint(sig.slice(0, 32)) && ed25519.verify(sig, body, pk, { zip215: false });

export const readCheckpoint = (octets, origin, pk) => {
  const note = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets), end = note.indexOf('\n\n');
  need(end > 0 && note.endsWith('\n'), 'note');
  const lines = note.slice(0, end).split('\n'), signatures = note.slice(end + 2, -1).split('\n');
  need(lines.length === 3 && lines[0] === origin, 'origin or lines');
  need(/^(0|[1-9][0-9]{0,18})$/.test(lines[1]), 'size');
  const root = unbase64(lines[2], 'root');
  need(root.length === 32, 'root');
  const good = signatures.filter((line) => {
    const [, name, encoded] = line.match(/^— (\S+) (\S+)$/) ?? need(false, 'signature line');
    const octetsOfLine = unbase64(encoded, 'signature');
    if (name !== origin || !equal(octetsOfLine.slice(0, 4), keyHash(origin, pk))) return false;
    need(octetsOfLine.length === 68 && verifyNote(pk, text(note.slice(0, end + 1)), octetsOfLine.slice(4)), 'checkpoint signature');
    return true;
  });
  need(good.length === 1, 'no signature of the log');
  return { size: BigInt(lines[1]), root };
};
export const writeCheckpoint = (origin, size, root, seed) => {
  const body = `${origin}\n${size}\n${base64(root)}\n`, sig = ed25519.sign(text(body), seed);
  return text(`${body}\n— ${origin} ${base64(join(keyHash(origin, ed25519.getPublicKey(seed)), sig))}\n`);
};

// --- receipts ------------------------------------------------------------------------------------------------------
// expected: ns, relay (descriptor), depositHash, plane, from; desk, or slotDesks for the sender's form; laneSeq and laneHead if known.
export const verifyCustody = (octets, expected) => {
  const receipt = canonical('CustodyReceipt', octets), body = canonical('Custody', receipt.body);
  const { relay } = expected, { size, root } = readCheckpoint(receipt.checkpoint, relay.log_origin, relay.log_pk);
  need(equal(body.ns, expected.ns), 'ns');
  need(equal(body.relay, relay.id), 'relay');
  need(equal(body.deposit_hash, expected.depositHash), 'deposit_hash');
  need(body.plane === expected.plane, 'plane');
  need(sameDesk(body.from, expected.from), 'from');
  const index = receipt.index ?? 0n;
  need(index < size, 'index');
  const reached = pathRoot(leafData(receipt.body), Number(index), Number(size), receipt.proof);
  need(reached && equal(reached, root), 'inclusion');
  (expected.slotDesks ? checkAllLanes : checkOwnLane)(receipt, body, expected);
  return { ...body, size, root, receipt };
};
const checkOwnLane = (receipt, body, expected) => {
  need(receipt.lanes.length === 1 && sameDesk(receipt.lanes[0].to, expected.desk), 'own lane');
  const [mark] = receipt.lanes;
  need(expected.laneSeq === undefined || (mark.seq === expected.laneSeq && equal(mark.head, expected.laneHead)), 'lane head');
  const reached = pathRoot(write('LaneMark', mark), Number(receipt.lane_index ?? 0n), Number(body.lane_count), receipt.lane_proof);
  need(reached && equal(reached, body.lanes_root), 'lane path');
};
const checkAllLanes = (receipt, body, { slotDesks }) => {
  const desks = receipt.lanes.map(({ to }) => to);
  need(receipt.lane_index === undefined && receipt.lane_proof.length === 0, 'form');
  need(BigInt(desks.length) === body.lane_count && desks.every((desk, i) => i === 0 || deskOrder(desks[i - 1], desk) < 0), 'lanes');
  need(equal(treeRoot(receipt.lanes.map((mark) => write('LaneMark', mark))), body.lanes_root), 'lanes root');
  need(slotDesks.every((desk) => desks.some((other) => sameDesk(desk, other))), 'a slot without lane');
  need(desks.every((desk) => slotDesks.some((other) => sameDesk(desk, other))), 'a lane without slot');
};
// One deposit in a tree: `leaves` are the leaf data before it. marks: LaneMarks, ascending.
export const makeCustody = (relay, body, marks, leaves) => {
  const ordered = [...marks].sort((left, right) => deskOrder(left.to, right.to)), lanes = ordered.map((mark) => write('LaneMark', mark));
  const octets = write('Custody', { ...body, relay: relay.id, lane_count: lanes.length, lanes_root: treeRoot(lanes) });
  const all = [...leaves, leafData(octets)], index = leaves.length;
  const checkpoint = writeCheckpoint(relay.log_origin, all.length, treeRoot(all), relay.logSeed);
  const common = { body: octets, index, proof: treePath(all, index), checkpoint };
  const at = (desk) => ordered.findIndex(({ to }) => sameDesk(to, desk));
  return { body: octets, leaf: leafData(octets), toSender: write('CustodyReceipt', { ...common, lanes: ordered }),
    toDesk: (desk) => write('CustodyReceipt', { ...common, lanes: [ordered[at(desk)]], lane_index: at(desk),
      lane_proof: treePath(lanes, at(desk)) }) };
};

// --- mailbox heads (later: nobody makes them yet, but the schema tells their form) -----------------------------------
const laneOrder = (left, right) => deskOrder(left.from, right.from) || Number(left.plane - right.plane);
export const verifyHead = (signed, relay, ns) => {
  const head = canonical('MailboxHead', signed.body);
  need(equal(head.ns, ns) && equal(head.relay, relay.id), 'head of another relay');
  need(signed.sigs.length === 1 && equal(signed.sigs[0].key_id, relay.id), 'head signer');
  need(verify(relay.sign_pk, 'hotline/v1/mailbox-head', signed.body, signed.sigs[0].sig), 'head signature');
  return head;
};
export const verifyHeadLanes = (head, lanes) => {
  need(lanes.every((lane, i) => i === 0 || laneOrder(lanes[i - 1], lane) < 0), 'lane heads ascend');
  need(BigInt(lanes.length) === (head.lane_count ?? 0n), 'lane count');
  need(equal(lanes.length ? treeRoot(lanes.map((lane) => write('LaneHead', lane))) : sha256(new Uint8Array(0)), head.lanes_root), 'lanes root');
};
export const headNonce = (random, custodyLeafHash) => H('hotline/v1/head-nonce', random, custodyLeafHash).slice(0, 16);
