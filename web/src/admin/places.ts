/** What the forms of places offer, and the tables they are imported from. */
import type { DepartmentRecord, FacilityRecord } from '../api/schema';

export const LEVELS = ['tertiary', 'county', 'specialised', 'community', 'township', 'village'] as const;

/** What may be asked for before a department is asked; blood pressure is one question, though two numbers. */
export const DATASET = [
  'chief_complaint', 'history', 'exam.bp_sys', 'exam.heart_rate', 'exam.temp_c', 'exam.spo2', 'exam.resp_rate', 'exam.glucose', 'prelim_diagnoses',
] as const;
export type Datum = (typeof DATASET)[number];

/** The fields behind one question. */
const fieldsOf = (datum: Datum): string[] => (datum === 'exam.bp_sys' ? ['exam.bp_sys', 'exam.bp_dia'] : [datum]);

export const asked = (fields: readonly string[], datum: Datum): boolean => fieldsOf(datum).some((one) => fields.includes(one));

/** The fields with one question more or less. */
export function asking(fields: readonly string[], datum: Datum, on: boolean): string[] {
  const rest = fields.filter((one) => !fieldsOf(datum).includes(one));
  return on ? [...rest, ...fieldsOf(datum)] : rest;
}

export const closed = (one: DepartmentRecord): boolean => !one.accepts_consult && !one.accepts_referral;

export interface House {
  id: string;
  name: string;
  departments: DepartmentRecord[];
}

/** Departments under their facilities; a facility without any is there too. */
export function byHouse(facilities: readonly FacilityRecord[], departments: readonly DepartmentRecord[]): House[] {
  const houses = new Map<string, House>(facilities.map(({ id, name }) => [id, { id, name, departments: [] }]));
  for (const one of departments) {
    const { id, name } = one.facility;
    const house = houses.get(id) ?? { id, name, departments: [] };
    houses.set(id, house);
    house.departments.push(one);
  }
  return [...houses.values()];
}

export interface Column {
  name: string;
  heading: string;
  required: boolean;
}
const column = (name: string, heading: string, required: boolean): Column => ({ name, heading, required });

/** The headings the server finds its columns by. */
export const TABLES = {
  facilities: [column('name', '机构名称', true), column('level', '级别', true), column('grade', '等级', false), column('phone_24h', '24小时电话', true)],
  departments: [
    column('facility', '机构名称', true), column('name', '科室名称', true), column('scope_text', '收治范围', false), column('phone', '电话', true),
    column('accepts_consult', '接会诊', false), column('accepts_referral', '接转诊', false), column('ring_seconds', '振铃秒数', false),
  ],
  people: [
    column('name', '姓名', true), column('login', '登录名', true), column('title', '职称', false), column('phone', '电话', false),
    column('role', '身份', true), column('facility', '机构名称', true), column('department', '科室名称', false),
  ],
} as const;
export type Table = keyof typeof TABLES;

/** Levels as they are written in a table, in any language of the page. */
export const TABLE_LEVELS = ['三级医院', '县级医院', '专科医院', '社区卫生服务中心', '乡镇卫生院', '村卫生室'];

/** Roles as they are written in a table. */
export const TABLE_ROLES = ['基层医生', '专科医生', '转诊台', '机构管理员', '联盟管理员', '审计员'];

/** An empty table; spreadsheets need the byte order mark to read it as UTF-8. */
export const template = (table: Table): string => `\uFEFF${TABLES[table].map((one) => one.heading).join(',')}\r\n`;
