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
        return _t("%(nombre)s minutes", { nombre: minutes });
    }
    return minutes < 2880 ? _t("%(nombre)s heures", { nombre: Math.round(minutes / 60) }) : _t("%(nombre)s jours", { nombre: Math.round(minutes / 1440) });
}

// Une phrase si l'horloge du téléphone est fausse, un texte vide sinon.
export function phraseHorloge(contact, telephone = Date.now()) {
    if (!contact) {
        return "";
    }
    const ecart = contact.telephone - contact.serveur;
    if (telephone < Math.max(contact.vu || 0, contact.telephone) - TOLERANCE) {
        return _t("L'horloge de ce téléphone a reculé depuis le dernier contact avec la CNAS (%(jour)s) : réglez-la.", { jour: dateEcrite(contact.serveur) });
    }
    if (Math.abs(ecart) <= TOLERANCE) {
        return "";
    }
    return ecart > 0
        ? _t("L'horloge de ce téléphone avance de %(duree)s : réglez-la. Les dates sont comptées à l'heure de la CNAS.", { duree: duree(ecart) })
        : _t("L'horloge de ce téléphone retarde de %(duree)s : réglez-la. Les dates sont comptées à l'heure de la CNAS.", { duree: duree(ecart) });
}
