// What a front end would write from the served form alone: reads {form, today, cases} and tells each case's faults.
const { form, today, cases } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const filled = (values) => (values || []).filter((value) => /[^ \t\n\r]/.test(value));
const isDate = (value) => {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return value >= "0001-01-01" && !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === value;
};
const KINDS = {
  TEXT: (value) => !/[\x00-\x1f\x7f]/.test(value),
  LONG_TEXT: (value) => !/[\x00-\x08\x0b-\x1f\x7f]/.test(value),
  INTEGER: (value) => /^-?[0-9]{1,9}$/.test(value),
  DECIMAL: (value) => /^-?[0-9]{1,9}(\.[0-9]{1,4})?$/.test(value),
  DATE: isDate,
  BOOLEAN: (value) => value === "true" || value === "false",
  EMAIL: (value) => /^[^@\x00-\x20\x7f]+@[^@\x00-\x20\x7f.]+(\.[^@\x00-\x20\x7f.]+)+$/.test(value),
  PHONE: (value) => /^\+?[0-9() ./-]{7,40}$/.test(value),
  AGREEMENT: (value) => value === "true",
  DOCUMENT: (value) => /^[0-9]{1,18}$/.test(value),
};
const day = (bound) => (bound === "today" ? today : bound);
const CHECKS = {
  MIN_LENGTH: (value, bound) => [...value].length >= Number(bound),
  MAX_LENGTH: (value, bound) => [...value].length <= Number(bound),
  PATTERN: (value, bound) => new RegExp(`^(?:${bound})$`, "u").test(value),
  MIN: (value, bound) => Number(value) >= Number(bound),
  MAX: (value, bound) => Number(value) <= Number(bound),
  EARLIEST: (value, bound) => value >= day(bound),
  LATEST: (value, bound) => value <= day(bound),
};
function ofKind(field, values) {
  if (values.length > 1 && field.kind !== "CHOICES" && field.kind !== "DOCUMENT") return false;
  if (field.choices.length) {
    const known = field.choices.map((choice) => choice.value);
    return new Set(values).size === values.length && values.every((value) => known.includes(value));
  }
  return values.every(KINDS[field.kind]);
}
function broken(field, given) {
  const values = filled(given);
  if (!values.length) return field.rules.filter((rule) => rule.code === "REQUIRED");
  if (!ofKind(field, values)) return [{ code: "KIND", value: field.kind }];
  return field.rules.filter((rule) => rule.code === "MAX_DOCUMENTS" ? values.length > Number(rule.value) : CHECKS[rule.code] && !values.every((value) => CHECKS[rule.code](value, rule.value)));
}
function asked(condition, section, entry, answers) {
  if (condition === null) return true;
  const other = condition.section === section.id ? entry : (answers[condition.section] || [])[0] || {};
  const values = (other[condition.field] || []).filter((value) => value !== "");
  return condition.values.length ? values.some((value) => condition.values.includes(value)) : values.length > 0;
}
function faults(answers) {
  const found = [];
  for (const section of form.sections) {
    let entries = answers[section.id] || [];
    if (section.least !== 1 || section.most !== 1) {
      const { least, most } = section;
      if (entries.length < least) found.push([section.id, entries.length, null, "MIN_ENTRIES", String(least)]);
      if (entries.length > most) found.push([section.id, most, null, "MAX_ENTRIES", String(most)]);
    } else entries = entries.length ? entries.slice(0, 1) : [{}];
    entries.slice(0, section.most).forEach((entry, number) => {
      for (const field of section.fields)
        if (asked(field.condition, section, entry, answers))
          for (const rule of broken(field, entry[field.id])) found.push([section.id, number, field.id, rule.code, rule.value]);
    });
  }
  return found;
}
process.stdout.write(JSON.stringify(cases.map(faults)));
