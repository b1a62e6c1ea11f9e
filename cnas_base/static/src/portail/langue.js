// Changer de langue recharge la page : ce qui y était écrit revient, sauf fichiers et mots de passe. Une feuille a son brouillon chiffré.
(() => {
    "use strict";
    const CLE = "cnas-langue";
    const brouillon = () => window.isSecureContext && document.querySelector("meta[name=cnas-usager]");
    const champs = () => [...document.querySelectorAll("main form")].filter((formulaire) => formulaire.id !== "saisie" || !brouillon()).flatMap(
        (formulaire) => [...formulaire.elements]).filter((champ) => champ.name && !["hidden", "file", "password", "submit", "button"].includes(champ.type));
    const coche = (champ) => ["checkbox", "radio"].includes(champ.type);

    document.querySelectorAll(".langues a").forEach((lien) => lien.addEventListener("click", async (ev) => {
        ev.preventDefault();
        // Sans réseau, rien ne change : la page gardée serait la seule qui s'ouvre encore.
        if (!await fetch(lien.href, { redirect: "manual" }).catch(() => null)) {
            return;
        }
        const retour = new URL(lien.href).searchParams.get("retour");
        const lus = champs().map((champ) => [champ.name, coche(champ) ? champ.checked : champ.value]);
        try {
            sessionStorage.setItem(CLE, JSON.stringify({ page: new URL(retour, location.origin).pathname, lus }));
        } catch {
            // un onglet privé sans mémoire : la page se recharge, vide
        }
        // la page hors ligne gardée parle l'autre langue
        await Promise.all((await window.caches?.keys().catch(() => []) || []).filter((nom) => nom.startsWith("cnas-")).map((nom) => caches.delete(nom)));
        location.assign(lien.href);
    }));

    const gardes = sessionStorage.getItem(CLE);
    sessionStorage.removeItem(CLE);
    const { page, lus } = JSON.parse(gardes || "{}");
    if (page !== location.pathname) {
        return;
    }
    for (const champ of champs()) {
        const rang = lus.findIndex(([nom]) => nom === champ.name);
        if (rang < 0) {
            continue;
        }
        const [[, valeur]] = lus.splice(rang, 1);
        if (coche(champ) ? champ.checked !== valeur : champ.value !== valeur) {
            champ[coche(champ) ? "checked" : "value"] = valeur;
            champ.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }
})();
