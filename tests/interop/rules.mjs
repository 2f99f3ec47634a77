// rules — every length, range and count that the comments of proto/*.proto give, as a table, and the check of a message that
// strict.mjs has read against it. A rule reads like the comment: '16', '1..40', 'opt 16', '0..8 of 1..300', 'opt'.
import { kindOf, messages } from './schema.mjs';
import { NotCanonical, read } from './strict.mjs';
import { text } from './wire.mjs';

const MS = '1600000000000..4102444800000', SEQ = `1..${2n ** 63n - 1n}`, U64 = `1..${2n ** 64n - 1n}`, MANY = '0..65536';

// "Names mean the same everywhere" of trust.proto; the first that fits counts, and the tables below come before them.
const NAMES = [
  [/^ns$/, 'bytes', '32'],
  [/^(relay|officer|author|releaser|key_id|prekey_id|envelope_id)$|^by_|^(.*_)?(entity|device)$/, 'bytes', '16'],
  [/^officers$/, 'bytes', '1..2 of 16'],
  [/^(hash|head|head_before|prev|root|journal_head)$|_(hash|root)$/, 'bytes', '32'],
  [/^(sig|.*_sig)$/, 'bytes', '64'],
  [/^(version|seq|tree_size|lane_seq)$|_version$/, 'number', SEQ],
  [/^req$/, 'number', U64],
  [/^(code|index|offset)$|_index$/, 'number', 'opt'],
  [/_ms$/, 'number', MS],
];

const SECONDS = '1..7776000';
const RULES = {
  Signed: { body: '1..1048576', sigs: '1..32' },
  RoleKeys: { threshold: 'opt 1..32', keys: '0..32 of 32' },
  RootMetadata: { spec: '1', ns: 'opt 32', roles: '4', min_suite: '1..4294967295', timestamp_floor: 'opt', directory_floor: 'opt',
    time_floor_ms: `opt ${MS}` },
  Entity: { id: '16', code: '3' },
  RelayDescriptor: { id: '16', name: '1..32', host: '1..253', port: '1..65535', noise_static: '32', sign_pk: '32', log_pk: '32',
    log_origin: '1..80', suites: '1 of 1', operator: '1..32' },
  PrecedenceRule: { custody_s: SECONDS, delivered_s: SECONDS, opened_s: SECONDS, ack_s: SECONDS, interim_s: SECONDS,
    answer_s: SECONDS, nondelivery_s: SECONDS, rungs_s: `0..8 of ${SECONDS}`, words: 'opt' },
  Profile: { name: '1..32', rules: '4' },
  Directory: { entities: '1..400', relays: '1..16', profiles: '1..8' },
  RosterRef: { revocations: 'opt' },
  Timestamp: { rosters: '0..400' },
  NationalRoot: { threshold: '1..8', keys: '1..16 of 32' },
  Cert: { sign_pk: '32', noise_static: 'opt 32', roles: '1..127', desks: '1..4', device_no: 'opt 1..99', person: 'opt 16',
    role_label: '1..40', serial: U64, pop: '64' },
  DeskInfo: { languages: '1..8 of 2..35', hours: '0..80', phones: '0..8 of 3..32', office: '1..80', stands_in_for: '0..3' },
  ReleaseRule: { persons_min: '1..3' },
  NationalRoster: { cert_count: '1..256', desks: '1..4', release_min: '4', release_devices_min: '1..2', revocation_count: 'opt' },
  RosterDoc: { certs: '1..256 of 1..400', revocations: '0..256' },
  CertProof: { cert: '1..400', proof: '0..8 of 32' },
  Revocation: { cert_serial: U64 },
  Prekey: { pk: '1216' },
  Invitation: { relays: '1..16' },

  Text: { lang: '2..35', body: '1..65536', translator_role: '0..40', reviewer_role: '0..40', status: 'opt 1..3' },
  OtherMeans: { means: '1..5', at: 'opt', remark: '0..200' },
  Attachment: { name: '1..128', media_type: '3..100', size: '1..67108864', pt_hash: '32', tlp: 'opt' },
  Notice: { version: '1', exercise_name: '0..60', exercise_id: 'opt 16', to: '1..400', exempted: '0..400', other_means: '0..16',
    pap: 'opt', handling: '0..8', thread_id: 'opt 16', in_reply_to: 'opt 32', references: '0..16 of 32', supersedes: 'opt 32',
    originator_ref: '0..64', requested_action: '0..8', text: '0..12', subject: '0..160', attachment: '0..16', check_word: '4',
    template_id: 'opt', incident: 'opt', notice_id: '16', persons: '1..3' },
  Incident: { incident_id: 'opt 16', national_id: '0..64', category: 'opt', sector: '0..8', status: 'opt', severity: 'opt',
    national_scale: '0..64', national_scale_value: '0..64', suspected_malicious: 'opt', cross_border: 'opt',
    critical_infrastructure: 'opt', safety_of_life: 'opt', functional_impact: 'opt', persons_affected: 'opt',
    affected_systems: '0..500', affected_states: '0..32 of 3', why_you: 'opt', attribution: 'opt', confidence: 'opt',
    discovery: 'opt', measures_taken: '0..16 of 1..300' },
  Request: { incident_id: 'opt 16', what: '0..2000', why: '0..2000', indicators_hint: '0..32 of 1..300', legal_basis: '0..300' },
  Response: { reason: 'opt', redirected_to: 'opt', findings: '0..4000', actions_taken: '0..16 of 1..300' },
  Statement: { incident_id: 'opt 16', scope: '0..1000', how_to_stop: '0..1000' },
  PriorNotice: { footprint: '0..1000', distinguishing_marks: '0..1000', contact_during: '0..200' },
  Measure: { detail: '0..500', answer: 'opt 1..4' },
  Deescalation: { measure: '1..16', answer: 'opt 1..4' },
  Consultation: { mode: '1..3', level: '1..4', slots: '1..8', languages: '1..8 of 2..35' },
  Fix: { field_path: '1..100', old_value: '0..2000', new_value: '0..2000' },
  Correction: { target: '32', fix: '1..32' },
  Cancellation: { target: '32', replacement: 'opt 32' },
  Service: { first_serial: `opt ${SEQ}`, last_serial: `opt ${SEQ}`, target: 'opt 32', reason: 'opt', remark: '0..80', campaign: 'opt',
    stream_device: 'opt 16' },
  ExerciseControl: { exercise_id: '16', name: '1..60', participant: '0..400', scenario_hash: 'opt 32', inject_id: '0..32' },
  Vulnerability: { cve: '0..32', cvss: '0..200', product: '0..300', fix: '0..1000' },

  Receipt: { content_hash: 'opt 32', officer: 'opt 16', disposition: 'opt', reason: 'opt', check_word: 'opt 4',
    reply_expected_ms: `opt ${MS}`, reservation_id: 'opt', reservation_hash: 'opt 32', escalation_rung: 'opt 1..8', prev_receipt: '32',
    note: '0..200', views: '0..6' },
  ServiceStatement: { recipient: 'opt', revocations: 'opt', prekeys: '0..2', checkpoints: '0..4', views: '0..6', custody: 'opt 1..260',
    lane: 'opt', head: 'opt', link: 'opt 1..260', link_sig: 'opt 64' },
  LaneMark: { salt: '16' },
  Custody: { lane_count: '1..401', salt: '32' },
  CustodyReceipt: { body: '1..260', proof: '0..32 of 32', checkpoint: '1..400', lanes: '1..401', lane_proof: '0..9 of 32' },
  MailboxHead: { nonce: '16', lane_count: 'opt 1..1203' },
  Reject: { step: '1..5' },
  HeadProof: { proof: '0..11 of 32', nonce_random: '16', custody: 'opt 1..260' },
  LaneSteps: { first_seq: SEQ, deposit_hash: '1..100000 of 32' },
  BundleManifest: { software: '1..80', notices: '1..256 of 32', records: '1..65536 of 32' },

  ClientHello: { root_version: 'opt', directory_version: 'opt', timestamp_version: 'opt', roster_version: 'opt' },
  Welcome: { version: '1', timestamp_version: 'opt', newest_seq: 'opt', taken_seq: 'opt', max_in_flight: '1..1024',
    quota_content: 'opt', quota_control: 'opt', last_own: 'opt 1..2048' },
  Bye: { detail: '0..120' },
  Ping: { token: 'opt' },
  Pong: { token: 'opt' },
  Submit: { envelope: '1..1572864' },
  SubmitResult: { code: 'opt', retry_s: 'opt 1..3600', receipt: 'opt' },
  Deliver: { custody: 'must', delivered: 'opt 1..327680', stub: 'opt 1..2048' },
  PrekeyResult: { prekey: '0..4800' },
  PutResult: { code: 'opt 1..5' },
  Fragment: { msg: '1..4294967295', type: '1..255', total: '60001..1572928', part: '1..59900' },

  AttachmentRef: { ct_len: '1..67200000' },
  EnvelopeHeader: { version: '1', suite: '1', class: 'opt', precedence: 'opt', salt: '32', key_commit: '32', ct_len: '1040..262160',
    slot_count: '1..800', attachments: '0..16' },
  Slot: { kem_ct: '1120', sealed: '164..240' },
  Envelope: { header: '1..1024', ct: '1040..262160', slots: '1..800 of 1346..1422' },
  DeliveredEnvelope: { header: '1..1024', ct: '1040..262160', slot: '1346..1422', proof: '0..10 of 32' },
  Stub: { header: '1..1024' },
  Marks: { live_seq: 'opt', exercise_seq: 'opt', test_seq: 'opt' },
  SignedNotice: { releases: '0..3', reseal: 'opt' },
  Release: { reason: 'opt 10..200' },
  Reseal: { header: '1..1024', file_key: '32', custody: '1..4 of 1..2048' },
  Draft: { remark: '0..500' },
  DeskRecord: { notices: '0..256 of 32', text: '0..8000' },
};

const bounds = (range) => {
  const [low, high] = range.split('..');
  return [BigInt(low), BigInt(high ?? low)];
};
const parse = (rule) => {
  const [, count, one] = rule.match(/^(?:(\S+) of )?(.*)$/);
  const [, opt, range] = one.match(/^(opt ?)?(.*)$/);
  return { count: count && bounds(count), isOpt: opt !== undefined || range.startsWith('0..'),
    range: /^\d/.test(range) ? bounds(range) : null };
};
export const ruleOf = (message, { name, type, repeated }) => {
  const own = RULES[message]?.[name] ?? NAMES.find(([pattern, kind]) => kind === kindOf(type) && pattern.test(name))?.[2];
  const rule = own && parse(own);
  if (repeated && rule && !rule.count) return { count: rule.range };
  return rule ?? { count: bounds(MANY) };
};

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LINES = ['Text.body', 'OtherMeans.remark', 'Incident.affected_systems', 'Request.what', 'Request.why', 'Request.legal_basis',
  'Response.findings', 'Statement.scope', 'Statement.how_to_stop', 'PriorNotice.footprint', 'PriorNotice.distinguishing_marks',
  'Measure.detail', 'Fix.old_value', 'Fix.new_value', 'Vulnerability.fix', 'Release.reason', 'Draft.remark', 'DeskRecord.text', 'Receipt.note'];
const refuse = (where, what) => { throw new NotCanonical(`${where}: ${what}`); };
const checkOne = (where, { type, repeated }, { range, isOpt }, value) => {
  const kind = kindOf(type);
  if (kind === 'message') return checkRules(type, value);
  if (kind === 'enum' && value === 0n) refuse(where, 'zero');
  if (kind === 'string' && CONTROL.test(LINES.includes(where) ? value.replace(/[\t\n]/g, '') : value)) refuse(where, 'control character');
  if (!range || (isOpt && !repeated && value === undefined)) return undefined;
  const measure = kind === 'number' ? value : BigInt(kind === 'string' ? text(value).length : value.length);
  if (measure < range[0] || measure > range[1]) refuse(where, `${measure} is not in ${range[0]}..${range[1]}`);
  return undefined;
};
const isOptional = ({ type, oneof }, rule) => rule.isOpt || oneof || type === 'bool' || type === 'Stamp';

// Whatever the comment of a field says about itself alone; nesting is bounded by strict.mjs.
export const checkRules = (name, message) => {
  for (const field of messages[name]) {
    const where = `${name}.${field.name}`, value = message[field.name], rule = ruleOf(name, field);
    if (field.repeated) {
      const count = BigInt(value.length), [low, high] = rule.count ?? bounds(MANY);
      if (count < low || count > high) refuse(where, `${count} of them`);
      value.forEach((item) => checkOne(where, field, rule, item));
    } else if (value !== undefined) checkOne(where, field, rule, value);
    else if (!isOptional(field, rule)) refuse(where, 'absent');
  }
  return message;
};
// Canonical in the full sense: the encoding, and the schema's comments.
export const canonical = (name, octets) => checkRules(name, read(name, octets));
