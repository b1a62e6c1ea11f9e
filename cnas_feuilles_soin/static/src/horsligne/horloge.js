// L'heure vraie, d'après le dernier contact avec le serveur : {serveur, telephone}, en millisecondes, et `vu`, la dernière
// heure que le téléphone a montrée.
const JOUR = 86_400_000;
const TOLERANCE = 10 * 60_000;
export const PERIME = 15;

export const dateEcrite = (instant) => new Date(instant).toLocaleDateString("fr-FR", { timeZone: "Africa/Ndjamena" });
export const dateIso = (instant) => new Date(instant).toLocaleDateString("sv-SE", { timeZone: "Africa/Ndjamena" });

// Jamais avant le dernier contact : une horloge reculée ne rajeunit pas une liste.
export function maintenant(contact, telephone = Date.now()) {
    return contact ? Math.max(telephone - (contact.telephone - contact.serveur), contact.serveur) : telephone;
}

export function joursDepuis(instant, contact) {
    return Math.floor((maintenant(contact) - instant) / JOUR);
}

export function duree(ecart) {
    const minutes = Math.round(Math.abs(ecart) / 60_000);
    if (minutes < 120) {
        return `${minutes} minutes`;
    }
    return minutes < 2880 ? `${Math.round(minutes / 60)} heures` : `${Math.round(minutes / 1440)} jours`;
}

// Une phrase si l'horloge du téléphone est fausse, un texte vide sinon.
export function phraseHorloge(contact, telephone = Date.now()) {
    if (!contact) {
        return "";
    }
    const ecart = contact.telephone - contact.serveur;
    if (telephone < Math.max(contact.vu || 0, contact.telephone) - TOLERANCE) {
        return `L'horloge de ce téléphone a reculé depuis le dernier contact avec la CNAS (${dateEcrite(contact.serveur)}) : réglez-la.`;
    }
    return Math.abs(ecart) > TOLERANCE
        ? `L'horloge de ce téléphone ${ecart > 0 ? "avance" : "retarde"} de ${duree(ecart)} : réglez-la. Les dates sont comptées à l'heure de la CNAS.`
        : "";
}
