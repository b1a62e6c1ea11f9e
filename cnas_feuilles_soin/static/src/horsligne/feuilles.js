// Les feuilles gardées sur l'appareil : champs et fichiers chiffrés ensemble, en une transaction.
// États : attente → envoi → deposee, ou refusee (corrigée, elle redevient attente).
import { chiffrer, chiffrerObjet, dechiffrer, dechiffrerObjet, ecrire, lire, tout } from "./coffre.js";

export async function sha256(octets) {
    const somme = new Uint8Array(await crypto.subtle.digest("SHA-256", octets));
    return [...somme].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

// Les champs d'un formulaire, sans les fichiers ni le jeton, qui ne vaut que pour une session.
export function champsDe(formulaire) {
    return [...new FormData(formulaire)].filter(([nom, valeur]) => typeof valeur === "string" && nom !== "csrf_token");
}

// Remet les champs dans le formulaire ; `ajouter` fait une ligne de prestation de plus.
export function remettre(formulaire, champs, ajouter) {
    const parNom = new Map(champs.map(([nom]) => [nom, champs.filter(([autre]) => autre === nom)]));
    const trouver = (nom) => [...formulaire.elements].filter((element) => element.name === nom && !["file", "hidden"].includes(element.type));
    for (let manque = (parNom.get("prestation") || []).length - trouver("prestation").length; manque > 0; manque--) {
        ajouter();
    }
    for (const [nom, valeurs] of parNom) {
        trouver(nom).forEach((element, rang) => {
            if (element.type === "checkbox") {
                element.checked = valeurs.some(([, valeur]) => valeur === element.value);
            } else if (valeurs[rang]) {
                element.value = valeurs[rang][1];
            }
        });
    }
}

// Garde (ou remplace) une feuille et ses fichiers : [{type, fichier}] ; rend son identifiant, qui est aussi celui de l'envoi.
export async function garder(usager, champs, fichiers, id = crypto.randomUUID()) {
    const pieces = [], gestes = [];
    for (const { type, fichier } of fichiers) {
        const octets = await fichier.arrayBuffer(), photo = crypto.randomUUID();
        pieces.push({ photo, type, nom: fichier.name, mime: fichier.type, taille: octets.byteLength, empreinte: await sha256(octets) });
        gestes.push(["photos", photo, { photo, feuille: id, garde: await chiffrer(usager, photo, octets) }]);
    }
    const anciennes = await lire("feuilles", id) ? (await ouvrirFeuille(await lire("feuilles", id))).pieces : [];
    const fiche = { id, usager, etat: "attente", cree: Date.now(), garde: await chiffrerObjet(usager, id, { champs, pieces }) };
    await ecrire(...anciennes.flatMap(({ photo }) => [["photos", photo], ["reglages", `envoye:${photo}`]]), ...gestes, ["feuilles", id, fiche]);
    return id;
}

export async function ouvrirFeuille(fiche) {
    return { champs: [], pieces: [], erreurs: [], ...await dechiffrerObjet(fiche.usager, fiche.id, fiche.garde) };
}

export async function ouvrirPhoto(usager, photo) {
    return dechiffrer(usager, photo, (await lire("photos", photo)).garde);
}

export async function changer(fiche, etat, contenu) {
    await ecrire(["feuilles", fiche.id, { ...fiche, etat, garde: await chiffrerObjet(fiche.usager, fiche.id, contenu) }]);
}

// Déposée : le numéro reste à l'écran quelques jours, les photos partent.
export async function marquerDeposee(fiche, contenu, numero) {
    const { champs, pieces } = contenu;
    const reste = { champs: champs.filter(([nom]) => nom === "reference"), pieces: [], erreurs: [], numero };
    await ecrire(
        ["feuilles", fiche.id, { ...fiche, etat: "deposee", garde: await chiffrerObjet(fiche.usager, fiche.id, reste) }],
        ...pieces.flatMap(({ photo }) => [["photos", photo], ["reglages", `envoye:${photo}`]]));
}

export async function supprimer(fiche) {
    const { pieces } = await ouvrirFeuille(fiche);
    await ecrire(["feuilles", fiche.id], ...pieces.flatMap(({ photo }) => [["photos", photo], ["reglages", `envoye:${photo}`]]));
}

export async function fichesDe(usager) {
    return (await tout("feuilles")).filter((fiche) => fiche.usager === usager).sort((a, b) => a.cree - b.cree);
}

export async function aEnvoyer(usager) {
    return (await fichesDe(usager)).filter(({ etat }) => etat === "attente");
}
