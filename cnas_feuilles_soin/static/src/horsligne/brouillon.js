// Le brouillon d'une saisie : gardé chiffré à chaque frappe, remis après un rechargement, une coupure, une session finie.
import { chiffrer, chiffrerObjet, dechiffrer, dechiffrerObjet, ecrire, lire } from "./coffre.js";
import { champsDe, remettre } from "./feuilles.js";

const LIEN = "brouillon";
export const fichiersDe = (formulaire) => [...formulaire.querySelectorAll("input[type=file][name^=fichiers_]")].flatMap((entree) => [...entree.files].map(
    (fichier) => ({ entree: entree.name, type: entree.closest(".piece")?.querySelector("select")?.value || "AUTRE", fichier })));

export async function garderBrouillon(usager, formulaire, cle = usager) {
    const champs = champsDe(formulaire), fichiers = [];
    for (const { entree, fichier } of fichiersDe(formulaire)) {
        fichiers.push({ entree, nom: fichier.name, mime: fichier.type, garde: await chiffrer(usager, LIEN, await fichier.arrayBuffer()) });
    }
    await ecrire(["brouillons", cle, { garde: await chiffrerObjet(usager, LIEN, champs), fichiers }]);
}

export async function remettreBrouillon(usager, formulaire, ajouter, cle = usager) {
    const brouillon = await lire("brouillons", cle);
    const { reference } = formulaire.elements;
    if (!brouillon || !reference || reference.value) {
        return false;
    }
    const matricule = formulaire.elements.matricule.value;
    const champs = await dechiffrerObjet(usager, LIEN, brouillon.garde);
    // Venu de « Vérifier les droits » pour un autre patient : on ne lui remet pas la feuille du précédent.
    if (!champs.some(([nom, valeur]) => ["reference", "matricule", "prestation"].includes(nom) && valeur) ||
        (matricule && champs.some(([nom, valeur]) => nom === "matricule" && valeur !== matricule))) {
        return false;
    }
    remettre(formulaire, champs, ajouter);
    for (const nom of new Set(brouillon.fichiers.map(({ entree }) => entree))) {
        const porteur = new DataTransfer();
        for (const { mime, nom: nomFichier, garde } of brouillon.fichiers.filter(({ entree }) => entree === nom)) {
            porteur.items.add(new File([await dechiffrer(usager, LIEN, garde)], nomFichier, { type: mime }));
        }
        if (formulaire.elements[nom]) {
            formulaire.elements[nom].files = porteur.files;
        }
    }
    formulaire.dispatchEvent(new Event("input", { bubbles: true }));
    formulaire.elements.matricule.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
}
