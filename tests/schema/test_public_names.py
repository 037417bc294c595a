"""The names that clients are promised: a version may add to them, and takes none away.

The promise is written apart from the code, so that renaming something there does not rename it here. Descriptions,
and what a newer version serves besides, are not part of it; schema.graphql has both.
"""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    print_schema,
)

from schema import api

PROMISED = """
scalar Date  scalar DateTime  scalar Decimal  scalar EmailAddress  scalar LocalTime  scalar URL

type Query {
  portal: Portal!  me: Parent!  student(id: ID!): Student  node(id: ID!): Node  nodes(ids: [ID!]!): [Node]!
  staff: StaffDesk!
}
type Mutation {
  markMessagesRead(ids: [ID!]!, read: Boolean! = true): MarkMessagesReadResult!
  sendMessage(input: SendMessageInput!): SendMessageResult!  withdrawMessage(id: ID!): SendMessageResult!
  logIn(input: LogInInput!): LogInResult!  refreshSession(refreshToken: String): LogInResult!  logOut: LogOutResult!
  changePassword(input: ChangePasswordInput!): ChangePasswordResult!
  deferSecuritySetup: DeferSecuritySetupResult!
  setRecoveryEmail(input: RecoveryEmailInput!): RecoveryEmailResult!
  confirmRecoveryEmail(token: String!): ConfirmRecoveryEmailResult!
  undoRecoveryEmail(token: String!): UndoRecoveryEmailResult!
  setPreferenceImages(input: PreferenceImagesInput!): PreferenceImagesResult!
  requestUsername(email: EmailAddress!): RecoveryRequestResult!
  requestPasswordReset(username: String!): RecoveryRequestResult!
  openPasswordReset(token: String!, language: String! = "en"): PasswordResetChallengeResult!
  completePasswordReset(input: PasswordResetInput!): PasswordResetResult!
  beginSecondFactor(input: BeginSecondFactorInput!): BeginSecondFactorResult!
  confirmSecondFactor(input: SecondFactorInput!): ConfirmSecondFactorResult!
  proveSecondFactor(input: SecondFactorInput!): ProveSecondFactorResult!
  removeSecondFactor(input: RemoveSecondFactorInput!): RemoveSecondFactorResult!
  submitSupportRequest(input: SupportRequestInput!): SupportRequestResult!
  resolveSupportRequest(input: ResolveSupportInput!): SupportRequestResult!
  disableAccount(username: String!): AccountOrderResult!  enableAccount(username: String!): AccountOrderResult!
  setStaffRoles(input: StaffRolesInput!): AccountOrderResult!
  endAccountSessions(username: String!): AccountOrderResult!
  revokeSession(id: ID!): RevokeSessionResult!  revokeOtherSessions: RevokeSessionResult!
  submitPortalRequest(input: PortalRequestInput!): PortalRequestResult!
  recordIdentityCheck(input: IdentityCheckInput!): PortalRequestResult!
  decidePortalRequest(input: DecisionInput!): PortalRequestResult!
  issueActivationKey(input: IssueKeyInput!): IssueKeyResult!
  redeemActivationKey(key: String!): RedeemActivationKeyResult!
  createAccount(input: CreateAccountInput!): CreateAccountResult!
  orderKeyLetters(input: KeyLettersInput!): KeyLettersResult!
  createCalendarFeed(studentId: ID!): CreateCalendarFeedResult!  revokeCalendarFeed(id: ID!): RevokeCalendarFeedResult!
  registerDevice(input: RegisterDeviceInput!): RegisterDeviceResult!  removeDevice(id: ID!): RemoveDeviceResult!
  replayDeadLetters(ids: [ID!]!): ReplayDeadLettersResult!
  startRegistration(input: StartRegistrationInput!): RegistrationResult!
  saveRegistration(input: SaveRegistrationInput!): RegistrationResult!
  submitRegistration(input: SubmitRegistrationInput!): RegistrationResult!
  withdrawRegistration(id: ID!): RegistrationResult!
  beginUpload(input: BeginUploadInput!): BeginUploadResult!
  removeUpload(id: ID!): RegistrationResult!
  reviewRegistration(input: ReviewRegistrationInput!): RegistrationResult!
  assignRegistration(input: AssignRegistrationInput!): RegistrationResult!
  remarkOnRegistration(input: RegistrationRemarkInput!): RegistrationResult!
  setStaffSchools(input: StaffSchoolsInput!): AccountOrderResult!
  setStaffTeacher(input: StaffTeacherInput!): AccountOrderResult!
  setNotificationRule(input: NotificationRuleInput!): NotificationRuleResult!
  setNotificationSettings(input: NotificationSettingsInput!): NotificationSettingsResult!
  markNotificationsRead(ids: [ID!]!, read: Boolean! = true): MarkNotificationsReadResult!
}
type Subscription {
  gradeChanged(studentId: ID, after: String): GradeChanged!
  assignmentChanged(studentId: ID, after: String): AssignmentChanged!
  attendanceChanged(studentId: ID, after: String): AttendanceChanged!
  messageReceived(after: String): MessageReceived!
  changes(after: String): Change!
}

interface Node { id: ID! }
interface Problem { code: ProblemCode!  message: String!  path: [String!]! }
interface Change {
  cursor: String!  occurredAt: DateTime!  kind: ChangeKind!  student: Student  corrects: String  retracts: Boolean!
}
type PageInfo { hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String  endCursor: String }

type Portal {
  districtName: String!  passwordPolicy: PasswordPolicy!  help: [HelpTopic!]!  supportDesk: SupportDesk!
  portalRequest(reference: String!): PortalRequestStatus  pushPublicKey: String
  preferenceImages(language: String! = "en"): [PreferenceImage!]!
}
type PreferenceImage { id: ID!  url: String!  label: String!  alt: String!  category: ImageCategory! }
type Security {
  recoveryEmail: String  recoveryEmailConfirmed: Boolean!  preferenceImagesSet: Boolean!  setupRequired: Boolean!
  missing: [SecurityStep!]!  secondFactor: SecondFactor!  deferralsLeft: Int!
}
enum SecurityStep { RECOVERY_EMAIL PREFERENCE_IMAGES }
enum ImageCategory { SKY LAND ANIMALS GARDEN KITCHEN_GARDEN TRAVEL PASTIMES SPORT HOUSE }
type PasswordPolicy {
  minLength: Int!  maxLength: Int!  letters: Boolean!  digits: Boolean!  special: Boolean!
  refusesCommon: Boolean!  refusesNames: Boolean!
}
type HelpTopic { code: HelpCode!  title: String!  text: String! }
type SupportDesk { email: EmailAddress  replyWithinSchoolDays: Int!  replyBy: Date!  replyByBasis: SchoolDayBasis! }

type Parent implements Node {
  id: ID!  sourcedId: String!  username: String!
  givenName: String!  familyName: String!  name: String!  security: Security!
  email: EmailAddress  phone: String  preferredLanguage: String
  students: [Student!]!
  messages(first: Int, after: String, filter: MessageFilter): MessageConnection!
  unreadMessageCount: Int!  sessions: [Session!]!  supportRequests: [SupportRequest!]!
  calendarFeeds: [CalendarFeed!]!  devices: [Device!]!
  notificationRules: [NotificationRule!]!  notificationSettings: NotificationSettings!
  notifications(first: Int, after: String, unread: Boolean): NotificationConnection!  unreadNotificationCount: Int!
  registrations(schoolYear: Int): [Registration!]  registrationForms(language: String): [RegistrationForm!]
  accessLog(first: Int, after: String): AccessLogConnection!
  changes(first: Int, after: String): ChangeConnection!
  assignments(first: Int, after: String, filter: AssignmentFilter): AssignmentConnection!
}
type Student implements Node {
  id: ID!  sourcedId: String!  studentNumber: String
  givenName: String!  familyName: String!  name: String!  birthDate: Date
  gradeLevel: GradeLevel!  school: School!  enrollments: [SchoolEnrollment!]!
  relationship: Relationship!  areas: [Area!]!  terms: [Term!]!
  courses(termId: ID): [Course!]
  grades(termId: ID, courseId: ID): [Grade!]
  assignments(first: Int, after: String, filter: AssignmentFilter): AssignmentConnection
  attendance(first: Int, after: String, filter: AttendanceFilter): AttendanceConnection
  attendanceSummary(groupBy: AttendanceGroup = TERM): [AttendanceSummary!]
  attendanceDays(first: Int, after: String, filter: AttendanceDayFilter): AttendanceDayConnection
  schedule(date: Date, termId: ID): Schedule
  reportCards: [Document!]  documents: [Document!]  transcript: Transcript
}
type Relationship {
  kind: RelationshipKind!  legalGuardian: Boolean  livesWith: Boolean  contactPriority: Int  from: Date  to: Date
}
type Area {
  area: AreaName!  state: AreaState!  reason: AreaReason  asOf: DateTime!  stale: Boolean!  reopensAt: DateTime
}
type ImmunizationRecord { status: ComplianceStatus!  asOf: Date  exemption: Exemption  vaccines: [Vaccine!]! }
type Vaccine {
  group: String!  cvx: String  name: String!  doses: [Dose!]!  status: ComplianceStatus!
  exemption: Exemption  nextDueOn: Date
}
type Dose { number: Int!  date: Date  cvx: String  product: String  valid: Boolean }
type Exemption { kind: ExemptionKind!  from: Date  to: Date }
type SchoolEnrollment {
  school: School!  gradeLevel: GradeLevel!  schoolYear: Int!
  startsOn: Date  endsOn: Date  isPrimary: Boolean!  isCurrent: Boolean!
}
type Teacher implements Node { id: ID!  sourcedId: String!  name: String!  email: EmailAddress }
type School implements Node { id: ID!  sourcedId: String!  name: String!  phone: String  timeZone: String! }
type Term implements Node {
  id: ID!  sourcedId: String!  name: String!  kind: TermKind!  startsOn: Date!  endsOn: Date!
  schoolYear: Int!  isCurrent: Boolean!  parent: Term
}

type Course implements Node {
  id: ID!  sourcedId: String!  title: String!  courseNumber: String  section: String  subject: String
  room: String  period: String  enrolledOn: Date  droppedOn: Date
  term: Term  teachers: [Teacher!]!  student: Student!
  grade: Grade  grades: [Grade!]!  categories: [Category!]!  calculation(termId: ID): GradeCalculation
  trend: [TrendPoint!]!  standardGrades: [StandardGrade!]
  assignments(first: Int, after: String, filter: AssignmentFilter): AssignmentConnection
  attendance(first: Int, after: String): AttendanceConnection
}
type Category { id: ID!  name: String!  weight: Decimal  dropLowest: Int }
type Grade implements Node {
  id: ID!  kind: GradeKind!  task: String!  percent: Decimal  letter: String  points: Decimal  pointsPossible: Decimal
  comments: [String!]!  missingCount: Int  ungradedCount: Int  updatedAt: DateTime  postedAt: DateTime
  creditsAttempted: Decimal  creditsEarned: Decimal
  term: Term  course: Course!  student: Student!
  calculation: GradeCalculation
  whatIf(scores: [HypotheticalScore!]!): HypotheticalGrade
  scoreNeeded(target: GradeTargetInput!, assignmentId: ID, scores: [HypotheticalScore!]): ScoreNeeded
}
type GradeCalculation {
  method: CalculationMethod!  lines: [CalculationLine!]!  percent: Decimal  letter: String
  rounding: GradeRounding!  scale: [ScaleStep!]!  agreement: GradeAgreement!  difference: Decimal
}
type CalculationLine {
  name: String!  category: Category  term: Term  weight: Decimal  effectiveWeight: Decimal!
  earned: Decimal  possible: Decimal  percent: Decimal  contribution: Decimal!
  excludedBecause: ExclusionReason  excluded: [ExcludedWork!]!
}
type ExcludedWork { assignment: Assignment  reason: ExclusionReason! }
type GradeRounding { decimals: Int!  beforeCutoff: Rounding  beforeCutoffDecimals: Int }
type TrendPoint { term: Term  kind: GradeKind!  task: String!  percent: Decimal  letter: String }
type StandardGrade {
  term: Term  code: String  standard: String!  subject: String  level: String!  levelName: String
  comment: String  updatedAt: DateTime
}
type ScaleStep { letter: String!  cutoff: Decimal  points: Decimal }
input HypotheticalScore {
  assignmentId: ID  categoryId: ID  points: Decimal  pointsPossible: Decimal  exempt: Boolean! = false
}
input GradeTargetInput { percent: Decimal  letter: String }
type HypotheticalGrade { percent: Decimal  letter: String  change: Decimal  calculation: GradeCalculation! }
type ScoreNeeded { reachable: Boolean!  points: Decimal  pointsPossible: Decimal!  percent: Decimal  assignments: Int! }
type Assignment implements Node {
  id: ID!  sourcedId: String!  title: String!  description: String  assignedOn: Date  dueOn: Date  dueAt: DateTime
  pointsPossible: Decimal  extraCredit: Boolean!  score: Score!
  category: Category  course: Course!  student: Student!
}
type Score {
  state: ScoreState!  points: Decimal  percent: Decimal  letter: String  flags: [ScoreFlag!]!
  countsTowardGrade: Boolean!  comment: String  scoredAt: DateTime  releasesAt: DateTime
}
type Attendance implements Node {
  id: ID!  date: Date!  period: String  status: AttendanceStatus!  excuse: AttendanceExcuse!
  sourceCode: String  sourceLabel: String  minutesMissed: Int  comment: String
  recordedBy: String  confirmed: Boolean  updatedAt: DateTime  course: Course  student: Student!
}
type AttendanceDay { date: Date!  absentPart: Decimal!  minutesPresent: Int  marks: [Attendance!] }
type Schedule { notice: ScheduleNotice  days: [ScheduleDay!]! }
type ScheduleNotice { code: String!  text: String! }
type ScheduleDay {
  date: Date  dayName: String  isSchoolDay: Boolean!  reason: String  bellSchedule: String  meetings: [Meeting!]!
}
type Meeting {
  period: String  startsAt: LocalTime  endsAt: LocalTime  room: String  course: Course!  teachers: [Teacher!]!
  status: MeetingStatus!  addedOn: Date  droppedOn: Date
}
type AttendanceSummary {
  key: String!  term: Term  course: Course  absentPeriods: Int!  absentDays: Decimal  tardies: Int!
  earlyReleases: Int!  excused: Int!  unexcused: Int!  daysEnrolled: Int
}
type Message implements Node {
  id: ID!  subject: String!  body: String!  bodyText: String!  scope: MessageScope!  sender: MessageSender!
  sentAt: DateTime!  read: Boolean!  readAt: DateTime  students: [Student!]!
  language: String  pinned: Boolean!  endsAt: DateTime  attachments: [Document!]!
}
type MessageSender { name: String  role: String }

type AssignmentConnection { edges: [AssignmentEdge!]!  nodes: [Assignment!]!  pageInfo: PageInfo!  totalCount: Int! }
type AttendanceConnection { edges: [AttendanceEdge!]!  nodes: [Attendance!]!  pageInfo: PageInfo!  totalCount: Int! }
type ChangeConnection { edges: [ChangeEdge!]!  nodes: [Change!]!  pageInfo: PageInfo!  totalCount: Int! }
type MessageConnection { edges: [MessageEdge!]!  nodes: [Message!]!  pageInfo: PageInfo!  totalCount: Int! }
type AssignmentEdge { cursor: String!  node: Assignment! }
type AttendanceDayConnection {
  edges: [AttendanceDayEdge!]!  nodes: [AttendanceDay!]!  pageInfo: PageInfo!  totalCount: Int!
}
type AttendanceDayEdge { cursor: String!  node: AttendanceDay! }
type AttendanceEdge { cursor: String!  node: Attendance! }
type ChangeEdge { cursor: String!  node: Change! }
type MessageEdge { cursor: String!  node: Message! }

input AssignmentFilter {
  dueFrom: Date  dueTo: Date  flags: [ScoreFlag!]  states: [ScoreState!]
  courseIds: [ID!]  studentIds: [ID!]  termId: ID
}
input AttendanceDayFilter { from: Date  to: Date  missed: Boolean }
input AttendanceFilter {
  from: Date  to: Date  statuses: [AttendanceStatus!]  excuses: [AttendanceExcuse!]  courseId: ID  termId: ID
}
input MessageFilter {
  unread: Boolean  scopes: [MessageScope!]  studentIds: [ID!]  pinned: Boolean  since: DateTime  until: DateTime
  search: String
}
input StaffTeacherInput { username: String!  teacherId: String }
input SendMessageInput {
  scope: MessageScope!  schoolId: ID  sectionId: String  studentId: String  guardianId: String  subject: String!
  body: String!  language: String!  pinned: Boolean! = false  showFrom: DateTime  showUntil: DateTime
  idempotencyKey: String  fileIds: [ID!]! = []
}
type SentMessage {
  messageId: ID!  state: SendingState!  scope: MessageScope!  targetId: String  subject: String!  body: String!
  bodyText: String!  language: String!  pinned: Boolean!  senderName: String!  orderedAt: DateTime!  sentAt: DateTime!
  endsAt: DateTime  total: Int  done: Int!  failed: Int!  finishedAt: DateTime  withdrawnAt: DateTime  readCount: Int!
}
type SentMessageConnection {
  edges: [SentMessageEdge!]!  nodes: [SentMessage!]!  pageInfo: PageInfo!  totalCount: Int!
}
type SentMessageEdge { cursor: String!  node: SentMessage! }
type SendMessageSuccess { message: SentMessage! }
type MarkMessagesReadSuccess { ids: [ID!]! }
union SendMessageResult = SendMessageSuccess | Problems
union MarkMessagesReadResult = MarkMessagesReadSuccess | Problems
enum SendingState { WAITING SENDING SENT WITHDRAWN FAILED }
input LogInInput { username: String!  password: String!  client: ClientKind!  deviceName: String  deviceId: String }

input AnswerInput { field: String!  entry: Int! = 0  values: [String!]! }
type Registration implements Node {
  id: ID!  state: RegistrationState!  schoolYear: Int!  startedAt: DateTime!  changedAt: DateTime!
  submittedAt: DateTime  formChanged: Boolean!  complete: Boolean!  nextAction: RegistrationAction!
  answersVersion: String!  sections: [RegistrationSection!]!  student: Student  school: School
  form(language: String): RegistrationForm  signature: RegistrationSignature  steps: [RegistrationStep!]!
  uploads: [RegistrationUpload!]!
  notes: [RegistrationNote!]!  receipts: [RegistrationReceipt!]!
}
enum RegistrationAction { COMPLETE SIGN WAIT NOTHING }
type RegistrationAnswer { field: String!  values: [String!]! }
type RegistrationChoice { value: String!  label: String! }
type RegistrationCondition { section: String!  field: String!  values: [String!]! }
type RegistrationEntry { answers: [RegistrationAnswer!]! }
type RegistrationFault {
  section: String!  entry: Int!  field: String  rule: RegistrationRuleCode!  bound: String!  message: String!
}
type RegistrationField {
  id: String!  kind: RegistrationFieldKind!  label: String!  help: String!  required: Boolean!
  rules: [RegistrationRule!]!  choices: [RegistrationChoice!]!  condition: RegistrationCondition
}
enum RegistrationFieldKind { TEXT LONG_TEXT INTEGER DECIMAL DATE BOOLEAN CHOICE CHOICES EMAIL PHONE AGREEMENT DOCUMENT }
type RegistrationForm {
  schoolYear: Int!  version: String!  language: String!  languages: [String!]!  title: String!  statement: String!
  sections: [RegistrationFormSection!]!  windows: [RegistrationWindow!]!
}
type RegistrationFormSection {
  id: String!  title: String!  help: String!  shared: Boolean!  least: Int!  most: Int!
  fields: [RegistrationField!]!
}
union RegistrationResult = RegistrationSuccess | Problems
type RegistrationRule { code: RegistrationRuleCode!  value: String! }
enum RegistrationRuleCode {
  KIND REQUIRED MIN_LENGTH MAX_LENGTH PATTERN MIN MAX EARLIEST LATEST MIN_ENTRIES MAX_ENTRIES
  MEDIA_TYPES MAX_BYTES MAX_DOCUMENTS EXAMINED
}
type RegistrationSection {
  id: String!  household: String  version: Int!  complete: Boolean!  entries: [RegistrationEntry!]!
  editableFields: [String!]!  faults(language: String): [RegistrationFault!]!
}
type RegistrationSignature { name: String  own: Boolean!  signedAt: DateTime!  statement: String! }
enum RegistrationState { DRAFT SUBMITTED IN_REVIEW NEEDS_CHANGES HOLD APPROVED DENIED WITHDRAWN EXPORTED }
type RegistrationStep { state: RegistrationState!  happenedAt: DateTime!  by: String  own: Boolean! }
input BeginUploadInput {
  id: ID!  section: String!  field: String!  fileName: String!  mediaType: String!  bytes: Int!
}
union BeginUploadResult = BeginUploadSuccess | Problems
type BeginUploadSuccess { upload: RegistrationUpload!  url: URL! }
type RegistrationUpload {
  id: ID!  section: String!  field: String!  name: String!  mediaType: String!  bytes: Int!  sha256: String
  state: RegistrationUploadState!  receivedAt: DateTime  scannedAt: DateTime  url: URL
}
enum RegistrationUploadState { EXPECTED RECEIVED CLEAN REFUSED REMOVED }
type RegistrationSuccess { registration: Registration!  case: RegistrationCase }
type RegistrationReceipt { signedAt: DateTime!  url: URL! }
type RegistrationNote {
  state: RegistrationState!  writtenAt: DateTime!  by: String  section: String  entry: Int  field: String  text: String!
}
type RegistrationCase {
  registrationId: ID!  state: RegistrationState!  version: Int!  schoolYear: Int!  studentId: String
  studentName: String  submittedAt: DateTime  reviewBy: Date  overdue: Boolean!  assignee: String  mine: Boolean!
  school: School
  registration: Registration!  remarks: [RegistrationRemark!]!
}
type RegistrationCaseConnection {
  edges: [RegistrationCaseEdge!]!  nodes: [RegistrationCase!]!  pageInfo: PageInfo!  totalCount: Int!
}
type RegistrationCaseEdge { cursor: String!  node: RegistrationCase! }
type RegistrationCount { state: RegistrationState!  count: Int!  overdue: Int!  school: School }
type RegistrationRemark { writtenAt: DateTime!  by: String!  text: String! }
input RegistrationFilter {
  states: [RegistrationState!]  schoolId: ID  schoolYear: Int  mine: Boolean! = false  unassigned: Boolean! = false
  overdue: Boolean! = false
}
input RegistrationNoteInput { section: String!  household: String  entry: Int  field: String  text: String! }
input RegistrationRemarkInput { id: ID!  text: String! }
input ReviewRegistrationInput {
  id: ID!  version: Int!  state: RegistrationState!  message: String  notes: [RegistrationNoteInput!]! = []
  remark: String
}
input AssignRegistrationInput { id: ID!  version: Int!  username: String }
type StaffSchools { every: Boolean!  schoolIds: [ID!]! }
input StaffSchoolsInput { username: String!  schoolIds: [ID!]!  every: Boolean! = false }
type RegistrationWindow { schoolSourcedId: String  opensOn: Date!  closesOn: Date! }
input SaveRegistrationInput { id: ID!  section: String!  version: Int!  answers: [AnswerInput!]! }
input StartRegistrationInput { schoolYear: Int!  studentId: ID  schoolId: ID  another: Boolean! = false }
input SubmitRegistrationInput { id: ID!  signature: String!  answersVersion: String!  language: String }

union LogInResult = LogInSuccess | LogInProblem
type LogInSuccess { session: SessionTokens!  me: Parent  secondFactorNeeded: Boolean! }
type SessionTokens { accessToken: String  refreshToken: String  expiresAt: DateTime! }
type LogInProblem implements Problem { code: ProblemCode!  message: String!  path: [String!]! }
union LogOutResult = LogOutSuccess
type LogOutSuccess { ended: Boolean! }
type Problems { problems: [OrderProblem!]! }
type OrderProblem implements Problem { code: ProblemCode!  message: String!  path: [String!]! }
input ChangePasswordInput { currentPassword: String!  newPassword: String! }
input SupportRequestInput {
  fullName: String!  homeAddress: String!  phone: String!  email: EmailAddress  studentNames: [String!]!
  username: String  whatHappened: String!  language: String
}
input ResolveSupportInput {
  ticket: String!  action: SupportAction!  answer: String  reactivateUsername: String  note: String
}
union SupportRequestResult = SupportRequestSuccess | Problems
type SupportRequestSuccess { request: SupportRequest! }
type SupportRequest {
  ticket: String!  state: SupportState!  submittedAt: DateTime!  replyBy: Date!  answer: String  answeredAt: DateTime
}
type SupportCase {
  ticket: String!  state: SupportState!  submittedAt: DateTime!  replyBy: Date!  overdue: Boolean!  signedIn: Boolean!
  fullName: String!  homeAddress: String!  phone: String!  email: EmailAddress  studentNames: [String!]!
  username: String  whatHappened: String!  language: String!  answer: String  answeredAt: DateTime
  reactivated: Boolean!  steps: [SupportStep!]!
}
type SupportStep { state: SupportState!  happenedAt: DateTime!  by: String  note: String }
type SupportCaseConnection { edges: [SupportCaseEdge!]!  nodes: [SupportCase!]!  pageInfo: PageInfo!  totalCount: Int! }
type SupportCaseEdge { cursor: String!  node: SupportCase! }
type AccessLogConnection {
  edges: [AccessLogEdge!]!  nodes: [AccessLog!]!  pageInfo: PageInfo!  totalCount: Int!
}
type AccessLogEdge { cursor: String!  node: AccessLog! }
type AccessLog {
  kind: AccessKind!  happenedAt: DateTime!  by: AccessActor!  address: String  actorName: String  actorRole: String
  studentId: ID  purpose: String
}
input StaffRolesInput { username: String!  roles: [StaffRole!]! }
union AccountOrderResult = AccountOrderSuccess | Problems
type AccountOrderSuccess { account: AccountState!  endedSessions: Int! }
type AccountState {
  username: String!  staff: Boolean!  roles: [StaffRole!]!  createdAt: DateTime!  disabledAt: DateTime
  finished: Boolean!  registrationSchools: StaffSchools!
}
type SecurityAlert { happenedAt: DateTime!  network: String! }
enum NotificationKind {
  GRADE_POSTED GRADE_CROSSED ASSIGNMENT_SCORED MISSING_WORK DUE_SOON ATTENDANCE DOCUMENT MESSAGE REGISTRATION SUPPORT
}
enum NotificationMode { INSTANT DAILY WEEKLY OFF }
enum NotificationChannel { PUSH EMAIL INBOX }
enum ThresholdDirection { BELOW ABOVE }
type NotificationRule {
  kind: NotificationKind!  student: Student  mode: NotificationMode!  channels: [NotificationChannel!]!
  threshold: Decimal  direction: ThresholdDirection  daysAhead: Int  isDefault: Boolean!
}
type NotificationSettings {
  quietFrom: LocalTime  quietUntil: LocalTime  timeZone: String  holdInSchoolHours: Boolean!  showDetail: Boolean!
  digestAt: LocalTime!  digestWeekday: Int!
}
type Notification {
  id: ID!  kind: NotificationKind!  student: Student  text: String!  count: Int!  corrects: Boolean!
  subjectIds: [ID!]!  toldAt: DateTime!  read: Boolean!  readAt: DateTime
}
type NotificationConnection {
  edges: [NotificationEdge!]!  nodes: [Notification!]!  pageInfo: PageInfo!  totalCount: Int!
}
type NotificationEdge { cursor: String!  node: Notification! }
input NotificationRuleInput {
  kind: NotificationKind!  studentId: ID  mode: NotificationMode  channels: [NotificationChannel!]
  threshold: Decimal  direction: ThresholdDirection  daysAhead: Int
}
input NotificationSettingsInput {
  quietFrom: LocalTime  quietUntil: LocalTime  timeZone: String  holdInSchoolHours: Boolean!  showDetail: Boolean!
  digestAt: LocalTime!  digestWeekday: Int!
}
union NotificationRuleResult = NotificationRuleSuccess | Problems
type NotificationRuleSuccess { rule: NotificationRule! }
union NotificationSettingsResult = NotificationSettingsSuccess | Problems
type NotificationSettingsSuccess { settings: NotificationSettings! }
union MarkNotificationsReadResult = MarkNotificationsReadSuccess | Problems
type MarkNotificationsReadSuccess { marked: Int!  unreadNotificationCount: Int! }
type CalendarFeed { id: ID!  createdAt: DateTime!  lastFetchedAt: DateTime  student: Student }
union CreateCalendarFeedResult = CreateCalendarFeedSuccess | Problems
type CreateCalendarFeedSuccess { feed: CalendarFeed!  url: URL! }
union RevokeCalendarFeedResult = RevokeCalendarFeedSuccess | Problems
type RevokeCalendarFeedSuccess { feedId: ID! }
type Device {
  id: ID!  platform: DevicePlatform!  name: String  registeredAt: DateTime!  reachedAt: DateTime  current: Boolean!
}
input RegisterDeviceInput { platform: DevicePlatform!  webPush: WebPushInput  token: String  name: String }
input WebPushInput { endpoint: URL!  p256dh: String!  auth: String! }
union RegisterDeviceResult = RegisterDeviceSuccess | Problems
type RegisterDeviceSuccess { device: Device! }
union RemoveDeviceResult = RemoveDeviceSuccess | Problems
type RemoveDeviceSuccess { deviceId: ID! }
type DeadLetter {
  id: ID!  kind: LetterKind!  about: String!  username: String  reason: String!  tries: Int!  postedAt: DateTime!
  diedAt: DateTime!  replayable: Boolean!
}
type DeadLetterConnection {
  edges: [DeadLetterEdge!]!  nodes: [DeadLetter!]!  pageInfo: PageInfo!  totalCount: Int!
}
type DeadLetterEdge { cursor: String!  node: DeadLetter! }
union ReplayDeadLettersResult = ReplayDeadLettersSuccess | Problems
type ReplayDeadLettersSuccess { replayed: [ID!]!  passedOver: [ID!]! }
union RevokeSessionResult = RevokeSessionSuccess | Problems
type RevokeSessionSuccess { ended: Int! }
type Session {
  id: ID!  current: Boolean!  client: ClientKind!  deviceName: String  address: String!  userAgent: String!
  createdAt: DateTime!  lastSeenAt: DateTime!  expiresAt: DateTime!
}
union ChangePasswordResult = ChangePasswordSuccess | Problems
type ChangePasswordSuccess { endedSessions: Int! }
union DeferSecuritySetupResult = DeferSecuritySetupSuccess | Problems
type DeferSecuritySetupSuccess { deferralsLeft: Int! }
input RecoveryEmailInput { currentPassword: String!  email: String! }
union RecoveryEmailResult = RecoveryEmailSuccess | Problems
type RecoveryEmailSuccess { email: String!  expiresAt: DateTime! }
union ConfirmRecoveryEmailResult = ConfirmRecoveryEmailSuccess | Problems
type ConfirmRecoveryEmailSuccess { email: String! }
union UndoRecoveryEmailResult = UndoRecoveryEmailSuccess | Problems
type UndoRecoveryEmailSuccess { email: String!  endedSessions: Int! }
input PreferenceImagesInput { currentPassword: String!  liked: [ID!]!  disliked: [ID!]! }
union PreferenceImagesResult = PreferenceImagesSuccess | Problems
type PreferenceImagesSuccess { setupFinished: Boolean! }
union RecoveryRequestResult = RecoveryRequestSuccess | Problems
type RecoveryRequestSuccess { sentIfKnown: String! }
union PasswordResetChallengeResult = PasswordResetChallenge | Problems
type PasswordResetChallenge { images: [PreferenceImage!]!  expiresAt: DateTime! }
input PasswordResetInput { token: String!  liked: [ID!]! = []  disliked: [ID!]! = []  newPassword: String! }
union PasswordResetResult = PasswordResetSuccess | Problems
type PasswordResetSuccess { endedSessions: Int! }
input BeginSecondFactorInput { currentPassword: String! }
input SecondFactorInput { code: String! }
input RemoveSecondFactorInput { currentPassword: String!  code: String! }
type SecondFactor { enabled: Boolean!  recoveryCodesLeft: Int! }
union BeginSecondFactorResult = BeginSecondFactorSuccess | Problems
type BeginSecondFactorSuccess { secret: String!  otpauthUri: String! }
union ConfirmSecondFactorResult = ConfirmSecondFactorSuccess | Problems
type ConfirmSecondFactorSuccess { recoveryCodes: [String!]!  session: SessionTokens! }
union ProveSecondFactorResult = ProveSecondFactorSuccess | Problems
type ProveSecondFactorSuccess { session: SessionTokens!  recoveryCodesLeft: Int! }
union RemoveSecondFactorResult = RemoveSecondFactorSuccess | Problems
type RemoveSecondFactorSuccess { secondFactor: SecondFactor! }
type StaffDesk {
  username: String!  name: String  roles: [StaffRole!]!  secondFactorProven: Boolean!  secondFactor: SecondFactor!
  mailQueue: MailQueue  deadLetters(kind: LetterKind, first: Int, after: String): DeadLetterConnection
  sessions: [Session!]!
  supportRequests(first: Int, after: String, states: [SupportState!]): SupportCaseConnection
  accounts(search: String!): [AccountState!]  securityAlerts: [SecurityAlert!]
  portalRequests(first: Int, after: String, states: [PortalRequestState!]): PortalRequestConnection
  portalRequest(reference: String!): PortalRequest  guardians(search: GuardianSearchInput!): [MatchedGuardian!]
  letterJob(id: ID!): LetterJob  schools: [OfficeSchool!]
  accessOrders(studentId: String): AccessOrders
  registrations(first: Int, after: String, filter: RegistrationFilter): RegistrationCaseConnection
  registration(id: ID!): RegistrationCase  registrationCounts(schoolYear: Int): [RegistrationCount!]
  sentMessages(first: Int, after: String): SentMessageConnection  sentMessage(id: ID!): SentMessage
}
type AccessOrders { blocks: [AccessBlock!]!  eligibilities: [Eligibility!]!  switches: [AreaSwitch!]! }
type AccessBlock {
  id: ID!  guardianId: String!  studentId: String!  from: Date!  to: Date  reason: AccessBlockReason!
  orderedAt: DateTime!
}
type AreaSwitch {
  id: ID!  schoolId: ID  area: AreaName!  reason: AreaSwitchReason!  closesAt: DateTime!  reopensAt: DateTime
}
type Eligibility {
  id: ID!  studentId: String!  guardianId: String  kind: EligibilityKind!  from: Date!  to: Date
}
input AccessBlockInput { guardianId: String!  studentId: String!  from: Date  to: Date  reason: AccessBlockReason! }
input AreaSwitchInput {
  schoolId: ID  areas: [AreaName!]!  reason: AreaSwitchReason!  closesAt: DateTime  reopensAt: DateTime
}
input EligibilityInput { studentId: String!  guardianId: String  kind: EligibilityKind!  from: Date  to: Date }
union AccessBlockResult = AccessBlockSuccess | Problems
type AccessBlockSuccess { blocks: [AccessBlock!]! }
union AreaSwitchResult = AreaSwitchSuccess | Problems
type AreaSwitchSuccess { switches: [AreaSwitch!]! }
union EligibilityResult = EligibilitySuccess | Problems
type EligibilitySuccess { eligibility: Eligibility! }
union LiftResult = LiftSuccess | Problems
type LiftSuccess { id: ID! }
enum AccessBlockReason { COURT_ORDER PROTECTION_ORDER SAFETY OTHER }
enum AreaSwitchReason { SCHOOL_SETTING GRADING_WINDOW SUMMER }
enum EligibilityKind { CONSENT DEPENDENT REFUSAL }
type MailQueue { waiting: Int!  failed: Int!  oldestPostedAt: DateTime }
input RequestedStudentInput { name: String!  schoolName: String!  gradeLevel: GradeLevel }
input PortalRequestInput {
  name: String!  relationship: RelationshipKind!  students: [RequestedStudentInput!]!  homeAddress: String!
  phone: String!  email: EmailAddress  delivery: KeyDelivery!  language: String
}
input IdentityCheckInput {
  reference: String!  idKind: PhotoIdKind!  signatureWitnessed: Boolean!  guardianId: String!
}
input DecisionInput { reference: String!  approve: Boolean!  reason: String }
input GuardianSearchInput { name: String!  studentName: String  schoolId: ID }
union PortalRequestResult = PortalRequestSuccess | Problems
type PortalRequestSuccess { request: PortalRequest!  letterJob: LetterJob }
type PortalRequest {
  reference: String!  state: PortalRequestState!  steps: [PortalRequestStep!]!  name: String!
  relationship: RelationshipKind!  students: [RequestedStudent!]!  homeAddress: String!  phone: String!
  email: String  delivery: KeyDelivery!  language: String!  submittedAt: DateTime!  idKind: PhotoIdKind
  signatureWitnessed: Boolean!  guardian: MatchedGuardian  denialReason: String
}
type PortalRequestStep { state: PortalRequestState!  happenedAt: DateTime!  by: String  note: String }
type RequestedStudent { name: String!  schoolName: String!  gradeLevel: GradeLevel }
type MatchedGuardian { sourcedId: String!  name: String!  students: [String!]!  hasAccount: Boolean! }
type PortalRequestStatus { state: PortalRequestState!  steps: [PortalRequestStatusStep!]!  nextStep: String! }
type PortalRequestStatusStep { state: PortalRequestState!  happenedAt: DateTime! }
type PortalRequestConnection {
  edges: [PortalRequestEdge!]!  nodes: [PortalRequest!]!  pageInfo: PageInfo!  totalCount: Int!
}
type PortalRequestEdge { cursor: String!  node: PortalRequest! }
input IssueKeyInput { guardianId: String!  delivery: KeyDelivery! }
union IssueKeyResult = IssueKeySuccess | Problems
type IssueKeySuccess { delivery: KeyDelivery!  expiresAt: DateTime!  letterJob: LetterJob }
input KeyLettersInput { schoolId: ID! }
union KeyLettersResult = KeyLettersSuccess | Problems
type KeyLettersSuccess { job: LetterJob! }
type LetterJob {
  jobId: ID!  state: LetterState!  total: Int!  done: Int!  orderedAt: DateTime!  finishedAt: DateTime
  fetchedAt: DateTime  error: String  url: URL
}
type OfficeSchool { schoolId: ID!  name: String! }
union RedeemActivationKeyResult = RedeemActivationKeySuccess | Problems
type RedeemActivationKeySuccess { name: String  accountExists: Boolean!  help: HelpTopic }
input CreateAccountInput { key: String!  username: String!  password: String! }
union CreateAccountResult = CreateAccountSuccess | Problems
type CreateAccountSuccess { username: String! }
type AssignmentChanged implements Change {
  cursor: String!  occurredAt: DateTime!  kind: ChangeKind!  student: Student  corrects: String  retracts: Boolean!
  assignment: Assignment
}
type AttendanceChanged implements Change {
  cursor: String!  occurredAt: DateTime!  kind: ChangeKind!  student: Student  corrects: String  retracts: Boolean!
  attendance: Attendance
}
type MessageReceived implements Change {
  cursor: String!  occurredAt: DateTime!  kind: ChangeKind!  student: Student  corrects: String  retracts: Boolean!
  message: Message
}
type GradeChanged implements Change {
  cursor: String!  occurredAt: DateTime!  kind: ChangeKind!  student: Student  corrects: String  retracts: Boolean!
  grade: Grade  previousPercent: Decimal  previousLetter: String
}

type Document implements Node {
  id: ID!  kind: DocumentKind!  title: String!  term: Term  issuedOn: Date  version: Int!  supersedes: ID
  current: Boolean!  printed: Boolean!  url: URL!  bytes: Int  firstViewedAt: DateTime  mediaType: String!
}
type Transcript {
  official: Boolean!  years: [TranscriptYear!]!  gpa: [Gpa!]!  credits: [CreditArea!]!  rank: ClassRank
  document: Document!
}
type TranscriptYear { schoolYear: Int!  gradeLevel: GradeLevel  terms: [TranscriptTerm!]! }
type TranscriptTerm { name: String  schoolName: String  courses: [TranscriptCourse!]! }
type TranscriptCourse {
  title: String!  code: String  creditArea: String  letter: String  percent: Decimal  creditAttempted: Decimal
  creditEarned: Decimal  gpaPoints: Decimal  gpaScale: Decimal  weightedGpaPoints: Decimal
  weightedGpaScale: Decimal  weightedBy: String  leftOutOfGpa: Boolean!  transfer: Boolean!  repeatCode: String
  inProgress: Boolean!
}
type Gpa { kind: GpaKind!  value: Decimal!  scale: Decimal!  basis: GpaBasis!  asOf: Date }
type CreditArea { name: String  required: Decimal  earned: Decimal!  inProgress: Decimal! }
type ClassRank { value: Int!  of: Int!  asOf: Date! }
enum DocumentKind { REPORT_CARD PROGRESS_REPORT SCHEDULE TRANSCRIPT LETTER FORM OTHER }
enum GpaBasis { SOURCE COMPUTED }
enum GpaKind { UNWEIGHTED WEIGHTED }

enum AccessActor { SELF STAFF OPERATOR UNKNOWN }
enum AccessKind {
  LOGGED_IN LOG_IN_FAILED LOGGED_OUT SESSION_ENDED TOKEN_REUSED PASSWORD_CHANGED PASSWORD_NOT_PROVEN
  RECOVERY_EMAIL_CHANGED PREFERENCE_IMAGES_CHANGED SECOND_FACTOR_CHANGED RECOVERY ACCOUNT_CREATED ACCOUNT_CHANGED
  SUPPORT_ASKED DOCUMENT_FETCHED CALENDAR_FEED_CHANGED CALENDAR_FEED_FETCHED DEVICE_CHANGED
  RECORD_OPENED RECORD_CHANGED
}
enum SchoolDayBasis { CALENDAR TERMS WEEKDAYS }
enum SupportAction { ACKNOWLEDGE ANSWER RESOLVE }
enum SupportState { NEW ACKNOWLEDGED WAITING_FOR_PARENT RESOLVED }
enum AreaName { GRADES ATTENDANCE HEALTH DOCUMENTS TRANSCRIPT SCHEDULE MESSAGES REGISTRATION }
enum AreaReason { NO_RIGHT SCHOOL_SETTING GRADING_WINDOW SUMMER ELIGIBLE_STUDENT SOURCE_DOWN NOT_PROVIDED }
enum AreaState { OPEN CLOSED }
enum AttendanceExcuse { EXCUSED UNEXCUSED EXEMPT UNKNOWN }
enum AttendanceGroup { TERM COURSE MONTH }
enum AttendanceStatus { PRESENT ABSENT TARDY EARLY_RELEASE }
enum ChangeKind {
  GRADE_ADDED GRADE_CHANGED GRADE_REMOVED
  ASSIGNMENT_ADDED ASSIGNMENT_CHANGED ASSIGNMENT_SCORED ASSIGNMENT_REMOVED
  ATTENDANCE_ADDED ATTENDANCE_CHANGED ATTENDANCE_REMOVED MESSAGE_RECEIVED
}
enum ClientKind { WEB MOBILE }
enum ComplianceStatus { COMPLIANT NON_COMPLIANT IN_PROGRESS EXEMPT NO_REQUIREMENT NOT_EVALUATED }
enum ExemptionKind { MEDICAL RELIGIOUS PERSONAL OTHER }
enum CalculationMethod { WEIGHTED_CATEGORIES TOTAL_POINTS PERCENT_AVERAGE COMPOSITE STANDARDS MANUAL }
enum ExclusionReason { EXEMPT DROPPED UNGRADED NOT_DUE HIDDEN NO_NUMBER NO_POINTS_POSSIBLE NO_CATEGORY NO_WEIGHT EMPTY }
enum GradeAgreement { MATCHES_SOURCE DIFFERS NOT_AVAILABLE }
enum Rounding { HALF_UP UP DOWN }
enum GradeKind { POSTED IN_PROGRESS }
enum GradeLevel { IT PR PK TK KG G01 G02 G03 G04 G05 G06 G07 G08 G09 G10 G11 G12 G13 PS UG OTHER }
enum HelpCode { ACTIVATE_KEY REQUEST_KEY FORGOT_USERNAME FORGOT_PASSWORD SUPPORT }
enum MeetingStatus { ACTIVE ADDED DROPPED }
enum MessageScope { DISTRICT SCHOOL COURSE STUDENT PERSONAL }
enum ProblemCode { INVALID_CREDENTIALS INVALID_REFRESH_TOKEN COOKIE_SLIDES_BY_ITSELF COOKIE_NEEDS_HTTP }
enum DevicePlatform { WEB_PUSH FCM APNS }
enum LetterKind { MAIL PUSH }
enum KeyDelivery { EMAIL POST }
enum LetterState { WAITING RUNNING DONE FAILED }
enum PhotoIdKind { DRIVERS_LICENSE PASSPORT STATE_ID MILITARY_ID OTHER }
enum PortalRequestState { SUBMITTED ID_VERIFIED APPROVED DENIED KEY_SENT ACTIVATED EXPIRED }
enum RelationshipKind { MOTHER FATHER PARENT STEPPARENT GRANDPARENT FOSTER_PARENT GUARDIAN RELATIVE OTHER }
enum ScoreFlag { LATE MISSING INCOMPLETE DROPPED EXEMPT TURNED_IN CHEATED }
enum ScoreState { NOT_DUE UNGRADED SCORED EXEMPT HIDDEN }
enum StaffRole { OFFICE TEACHER SUPPORT ADMIN }
enum TermKind { YEAR SEMESTER TRIMESTER QUARTER TERM PROGRESS }
"""


def broken(served: str) -> list[str]:
    """Which promises a schema breaks, each in a sentence."""
    promise, schema = build_schema(PROMISED), build_schema(served)
    changes = [change.description for change in find_breaking_changes(promise, schema)]
    now = dict(_types(schema))
    return changes + [
        f"{place} is promised as {type_} and served as {now[place]}."
        for place, type_ in _types(promise)
        if place in now and now[place] != type_
    ]


def _types(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", str(field.type)
                if not isinstance(type_, GraphQLInputObjectType):
                    yield from ((f"{type_.name}.{name}({key})", str(arg.type)) for key, arg in field.args.items())


def test_what_is_promised_is_served() -> None:
    assert broken(api.sdl()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  gradeLevel: GradeLevel!", "  level: GradeLevel!"),
        ("  percent: Decimal\n", "  percent: Float\n"),
        ("  percent: Decimal\n", "  percent: Decimal!\n"),
        ("  students: [Student!]!", "  students: [Student!]"),
        ("    termId: ID = null\n", "    term: ID = null\n"),
        ("  states: [ScoreState!] = null", "  states: [ScoreState!]!"),
        ("  TURNED_IN\n", "  SENT_IN\n"),
        ("union LogInResult = LogInSuccess | LogInProblem", "union LogInResult = LogInSuccess"),
        ("type Message implements Node", "type Message"),
    ],
)
def test_a_broken_promise_is_seen(before: str, after: str) -> None:
    text = print_schema(build_schema(api.sdl()))
    assert before in text
    assert broken(text.replace(before, after)) != []


def test_what_is_added_breaks_no_promise() -> None:
    more = (
        api.sdl()
        .replace("type Portal {", "type Portal { motto: String  ")
        .replace("enum ScoreFlag {", "enum ScoreFlag { LOST ")
    )
    assert more != api.sdl()
    assert broken(more) == []


def test_the_promise_speaks_of_every_type_that_is_served() -> None:
    assert build_schema(api.sdl()).type_map.keys() - build_schema(PROMISED).type_map.keys() == set()
