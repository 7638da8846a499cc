// Takes out of an answer what is not contract: prose, times of the run, generated ids and secrets.
const PROSE = "(text)";

export function normalise(body) {
    return clean(body, "");
}

function clean(value, key) {
    if (typeof value === "string") return cleanText(value, key);
    if (Array.isArray(value)) return value.map((item) => clean(item, key));
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value).map(([name, inner]) => [name, clean(inner, name)]);
    const cleaned = Object.fromEntries(entries);
    // A dry run's collection has a new name each time, and its id is made from the name.
    if (/^temp_view_/.test(value.collectionName)) Object.assign(cleaned, { collectionId: "(generated)", collectionName: "(generated)" });
    return cleaned;
}

function cleanText(value, key) {
    if (["message", "subject", "body", "logo"].includes(key)) return PROSE;
    if (["created", "updated"].includes(key) && value !== "") return "(time)";
    if (key === "token" || key === "tokenKey") return "(secret)";
    if (key === "id" && /^([a-z0-9]{15}|_clone_\w+)$/.test(value) && !/^[a-z]+0{2,}\d*$/.test(value)) return "(generated)";
    return value.replace(/idx_(tokenKey|email)_\w+/g, "idx_$1_(generated)");
}
