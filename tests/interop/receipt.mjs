// receipt — receipts and service statements (PROTOCOL.md section 9): valid for a deposit of ours or not; the reservation.
import { DEVICE, OFFICER, ROLES } from './documents.mjs';
import { foldCheckWord } from './notice.mjs';
import { canonical } from './rules.mjs';
import { write } from './strict.mjs';
import { H, equal, hex, isZero, label, number, verify } from './wire.mjs';

export const KINDS = { 2: 'DELIVERED', 3: 'OPENED', 4: 'ACKNOWLEDGED', 5: 'REFUSED', 6: 'NONDELIVERED', 7: 'CANCEL_SEEN', 8: 'UNREADABLE' };
const DELIVERED = 2n, OPENED = 3n, ACKNOWLEDGED = 4n, REFUSED = 5n, NONDELIVERED = 6n, UNREADABLE = 8n;

const need = (isTrue, what) => { if (!isTrue) throw new Error(`receipt: ${what}`); };
const isIff = (field, isWanted, what) => need((field !== undefined) === isWanted, what);
// The texts of number 1; another number's are not known here, and valid.
export const RESERVATION_1 = '0a1ad7e96eda3b6cf70385078930e6004e191f6c9acb48865aa72d57999c0537';

const checkFields = (receipt) => {
  const { kind } = receipt, isAck = kind === ACKNOWLEDGED, isByPerson = isAck || kind === REFUSED;
  isIff(receipt.officer, isByPerson, 'officer field');
  isIff(receipt.disposition, isAck, 'disposition');
  isIff(receipt.reason, kind === REFUSED || kind === NONDELIVERED, 'reason');
  isIff(receipt.reservation_id, isAck, 'reservation_id');
  isIff(receipt.reservation_hash, isAck, 'reservation_hash');
  need(isAck || (receipt.check_word === undefined && receipt.reply_expected_ms === undefined), 'fields of an ACKNOWLEDGED');
  need(kind === DELIVERED || receipt.about === 1n, 'about');
  receipt.views.forEach(({ relay }, i) => need(i === 0 || Buffer.compare(receipt.views[i - 1].relay, relay) < 0, 'views ascend'));
  need(receipt.note === undefined || isByPerson, 'note');
  need(receipt.views.length === 0 || kind === DELIVERED, 'views');
  need(receipt.content_hash !== undefined || kind === NONDELIVERED || kind === UNREADABLE, 'content_hash');
};
const checkDevice = (trust, receipt, signed) => {
  const cert = trust.cert(receipt.by_entity, receipt.by_device);
  need(cert?.kind === DEVICE && cert.desks[0] === receipt.by_kind, 'by');
  need(![OPENED, UNREADABLE, ACKNOWLEDGED, REFUSED].includes(receipt.kind) || (cert.roles & ROLES.DESK) !== 0n, 'device role');
  need(equal(signed.sigs[0].key_id, receipt.by_device), 'the first signature is another’s');
  need(verify(cert.sign_pk, label('receipt', receipt.plane), signed.body, signed.sigs[0].sig), 'device signature');
  return cert;
};
const checkOfficer = (trust, receipt, signed) => {
  const cert = trust.cert(receipt.by_entity, receipt.officer);
  need(cert?.kind === OFFICER && (cert.roles & ROLES.ACK) !== 0n && cert.desks.includes(receipt.by_kind), 'officer');
  need(equal(signed.sigs[1].key_id, receipt.officer), 'the second signature is another’s');
  need(verify(cert.sign_pk, label('receipt', receipt.plane), signed.body, signed.sigs[1].sig), 'officer signature');
  return cert;
};
// Its signatures and fields alone.
export const readReceipt = (trust, octets) => {
  const signed = canonical('Signed', octets), receipt = canonical('Receipt', signed.body);
  need(equal(receipt.ns, trust.ns), 'ns');
  checkFields(receipt);
  need(signed.sigs.length === (receipt.officer ? 2 : 1), 'number of signatures');
  const certs = [checkDevice(trust, receipt, signed), ...(receipt.officer ? [checkOfficer(trust, receipt, signed)] : [])];
  return { ...receipt, signed, certs, hash: H(label('receipt', receipt.plane), signed.body) };
};
// deposit: what we sent: {deposit, contentHash, plane, entity, device, isAddressed(desk), precedence, checkWord} - precedence and
// checkWord undefined where the text is not known. by: the device whose envelope brought it.
export const checkReceipt = (receipt, deposit, by) => {
  need(receipt.plane === deposit.plane && receipt.about === (deposit.isService ? 2n : 1n), 'plane or about');
  need(equal(receipt.deposit_hash, deposit.deposit) && equal(receipt.to_entity, deposit.entity) && equal(receipt.to_device, deposit.device),
    'not about a deposit of ours');
  need(!receipt.content_hash || !deposit.contentHash || equal(receipt.content_hash, deposit.contentHash), 'content_hash');
  need(!by || equal(receipt.by_device, by), 'sent by another device');
  need(deposit.isAddressed({ entity: receipt.by_entity, kind: receipt.by_kind }), 'desk not addressed');
  if (receipt.kind !== ACKNOWLEDGED) return receipt;
  if (deposit.checkWord !== undefined && (receipt.check_word !== undefined || deposit.precedence >= 3n))
    need(receipt.check_word !== undefined && foldCheckWord(receipt.check_word) === foldCheckWord(deposit.checkWord), 'check word');
  need(receipt.reservation_id !== 1n || hex(receipt.reservation_hash) === RESERVATION_1, 'reservation hash');
  return receipt;
};

// --- service statements --------------------------------------------------------------------------------------------
const BY_MACHINE = [1n, 2n, 4n, 5n, 11n, 17n, 19n, 20n];
const CHANNEL_CHECK = 1n, MISSING = 2n, LAST_RECEIVED = 4n, NONDELIVERY = 19n, DUPLICATE_NOTE = 20n;
const checkServiceFields = (statement, own) => {
  const { kind, first_serial: first = 0n, last_serial: last = 0n, stream_device: device } = statement.service, isCheck = kind === CHANNEL_CHECK;
  const only = (isThere, ...kinds) => need(!isThere || kinds.includes(kind), 'fields of another service kind');
  need(isCheck ? statement.plane === 1n && !statement.recipient && statement.prekeys.length > 0 : statement.recipient, 'service fields');
  need(!statement.recipient || (equal(statement.recipient.entity, own.entity) && statement.recipient.kind === own.kind), 'for another desk');
  only(statement.prekeys.length + statement.checkpoints.length > 0, CHANNEL_CHECK);
  only(statement.views.length > 0, MISSING, LAST_RECEIVED);
  only(statement.custody || statement.lane, NONDELIVERY);
  only(statement.head || statement.link, LAST_RECEIVED);
  need((statement.link === undefined) === (statement.link_sig === undefined), 'link without signature');
  only(first || last || device, MISSING, LAST_RECEIVED, NONDELIVERY, DUPLICATE_NOTE);
  need(first <= last && (kind !== MISSING || (first > 0n && device)), 'serials');
};
export const readService = (trust, octets, { header, sender }, plain, own) => {
  const signed = canonical('Signed', octets), type = label('service', header.plane);
  need(signed.sigs.length === 1 && equal(signed.sigs[0].key_id, sender.id), 'service signer');
  need(verify(sender.sign_pk, type, signed.body, signed.sigs[0].sig), 'service signature');
  const statement = canonical('ServiceStatement', signed.body), hash = H(type, signed.body);
  need(equal(statement.ns, trust.ns) && statement.plane === header.plane, 'service ns or plane');
  need(equal(statement.sender_entity, header.sender_entity) && equal(statement.sender_device, sender.id) &&
    statement.sender_kind === sender.desks[0], 'service sender');
  need(BY_MACHINE.includes(statement.service.kind), 'service kind');
  checkServiceFields(statement, own);
  const isCheck = statement.service.kind === CHANNEL_CHECK;
  const marks = plain.slice(36, 220);
  if (!isCheck || equal(own.entity, header.sender_entity)) {
    need(isZero(marks), 'marks where none belong');
    return { ...statement, hash };
  }
  return { ...statement, hash, marks: readMarks(header, sender, hash, own, marks) };
};
const readMarks = (header, sender, hash, own, octets) => {
  const [live, exercise, test] = [0, 1, 2].map((i) => ({ seq: number(octets.slice(40 * i, 40 * i + 8)), hash: octets.slice(40 * i + 8, 40 * i + 40) }));
  const body = write('Marks', { ns: header.ns, service_hash: hash, sender_device: sender.id, recipient_entity: own.entity,
    recipient_kind: own.kind, live_seq: live.seq, live_hash: live.hash, exercise_seq: exercise.seq, exercise_hash: exercise.hash,
    test_seq: test.seq, test_hash: test.hash });
  need(verify(sender.sign_pk, 'hotline/v1/marks', body, octets.slice(120)), 'marks signature');
  return { body, live, exercise, test };
};
