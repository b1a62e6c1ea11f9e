// Espace formation : droits affichés aussitôt, codes proposés, total en direct, QR lu par la caméra, envoi sans
// perdre la saisie ni les fichiers. Sans ce script, toutes les pages marchent aussi.
(function () {
    "use strict";

    // ------------------------------------------------------------------ QR d'une carte (photo)
    function proposerQr(champ) {
        const bouton = document.createElement("button");
        const photo = document.createElement("input");
        bouton.type = "button";
        bouton.className = "discret qr";
        bouton.textContent = _t("Lire le QR (photo ou fichier)");
        photo.type = "file";
        photo.accept = "image/*";
        photo.hidden = true;
        bouton.addEventListener("click", () => photo.click());
        photo.addEventListener("change", async () => {
            if (!photo.files.length) {
                return;
            }
            bouton.textContent = _t("Lecture du QR…");
            const lu = (await lireIci(photo.files[0])) || (await lireAuServeur(photo.files[0]));
            bouton.textContent = lu.texte ? _t("Lire le QR (photo ou fichier)") : lu.erreur;
            if (lu.texte) {
                champ.value = lu.texte;
                champ.dispatchEvent(new Event("change", { bubbles: true }));
            }
            photo.value = "";
        });
        champ.after(bouton, photo);
    }

    // Le navigateur d'abord, s'il sait : rien ne part sur le réseau.
    async function lireIci(fichier) {
        try {
            const lecteur = new window.BarcodeDetector({ formats: ["qr_code"] });
            const codes = await lecteur.detect(await createImageBitmap(fichier));
            return codes.length ? { texte: codes[0].rawValue } : null;
        } catch {
            return null;
        }
    }

    async function lireAuServeur(fichier) {
        const envoi = new FormData();
        envoi.append("photo", fichier);
        envoi.append("csrf_token", document.querySelector("input[name=csrf_token]").value);
        try {
            const reponse = await fetch("/my/formation/qr", { method: "POST", body: envoi, headers: { Accept: "application/json" } });
            return await reponse.json();
        } catch {
            return { erreur: _t("Le réseau n'a pas répondu : réessayez, ou tapez le matricule") };
        }
    }
    if (document.querySelector("input[name=csrf_token]")) {
        document.querySelectorAll("label input[name=matricule]").forEach(proposerQr);
        document.querySelectorAll("#qr_sans_script").forEach((sansScript) => sansScript.setAttribute("hidden", ""));
    }

    // ------------------------------------------------------------------ saisie d'une feuille
    const formulaire = document.getElementById("saisie");
    if (!formulaire) {
        return;
    }
    const lignes = document.getElementById("lignes");
    const ajouter = document.getElementById("ajouter");
    const droits = document.getElementById("droits");
    const erreurs = document.getElementById("erreurs");
    const matricule = document.getElementById("matricule");
    const dateSoins = document.getElementById("date_soins");
    let attente;

    const entier = (texte) => parseInt(texte.replace(/\s/g, ""), 10) || 0;

    function total() {
        let somme = 0;
        for (const ligne of lignes.children) {
            const [, quantite, prix] = ligne.querySelectorAll("input");
            somme += entier(quantite.value) * entier(prix.value);
        }
        document.getElementById("total").textContent = somme.toLocaleString("fr-FR");
    }

    function nouvelleLigne() {
        const ligne = lignes.lastElementChild.cloneNode(true);
        for (const champ of ligne.querySelectorAll("input")) {
            champ.value = "";
        }
        lignes.append(ligne);
        ligne.querySelector("input").focus();
    }

    async function chercher(champ) {
        const texte = champ.value.trim();
        if (texte.length < 2 || texte.includes(" — ")) {
            return;
        }
        const formation = formulaire.elements.formation;
        const cles = new URLSearchParams({ q: texte, date: dateSoins.value, formation: formation ? formation.value : "" });
        const reponse = await fetch(`/my/formation/chercher/${champ.dataset.chercher}?${cles}`);
        if (reponse.ok) {
            const liste = document.getElementById(champ.getAttribute("list"));
            const trouves = await reponse.json();
            liste.replaceChildren(...trouves.map(({ code, nom, detail }) => new Option(detail || nom, `${code} — ${nom}`)));
            formulaire.dispatchEvent(new CustomEvent("trouves", { detail: trouves }));
        }
    }

    async function verifierDroits() {
        droits.className = "info";
        droits.textContent = "";
        if (!matricule.value.trim()) {
            return;
        }
        const cles = new URLSearchParams({ matricule: matricule.value, date: dateSoins.value });
        const reponse = await fetch(`/my/formation/droits.json?${cles}`);
        if (!reponse.ok) {
            return;
        }
        const lus = await reponse.json();
        const ouverts = lus.trouve && lus.etat_droits === "ouverts";
        droits.classList.add(ouverts ? "ouverts" : "fermes");
        if (!lus.trouve) {
            droits.textContent = lus.motif;
        } else {
            droits.textContent = ouverts ? _t("%(name)s : droits ouverts", lus) : _t("%(name)s : droits fermés — %(motif)s", lus);
        }
    }

    // Une feuille déjà reçue autrement, et que rien n'a encore contrôlé : on propose de la remplacer.
    function proposerDeRemplacer(numero) {
        const choix = document.getElementById("remplacer");
        const coche = choix.querySelector("input");
        coche.checked = coche.checked && coche.value === numero;
        coche.value = numero;
        choix.querySelector("span").textContent = numero;
        choix.hidden = !numero;
    }

    function montrerErreurs(phrases) {
        erreurs.querySelector("ul").replaceChildren(...phrases.map((phrase) => {
            const element = document.createElement("li");
            element.textContent = phrase;
            return element;
        }));
        erreurs.hidden = false;
        erreurs.focus();
    }

    // Envoi en arrière-plan : une erreur ou une coupure du réseau laisse la saisie et les fichiers en place.
    async function deposer(ev) {
        ev.preventDefault();
        const bouton = formulaire.querySelector("button.principal");
        bouton.disabled = true;
        bouton.textContent = _t("Envoi en cours…");
        try {
            const reponse = await fetch(formulaire.action, {
                method: "POST", body: new FormData(formulaire), headers: { Accept: "application/json" },
            });
            const lu = await reponse.json();
            if (lu.adresse) {
                window.location.assign(lu.adresse);
                return;
            }
            montrerErreurs(lu.erreurs);
            proposerDeRemplacer(lu.remplace);
        } catch {
            formulaire.dispatchEvent(new Event("coupure"));
            montrerErreurs([_t("Le réseau n'a pas répondu ou votre session a expiré. Rien n'est perdu ici : réessayez ; une feuille déjà reçue ne sera pas déposée deux fois.")]);
        }
        bouton.disabled = false;
        bouton.textContent = _t("Déposer la feuille");
    }

    formulaire.addEventListener("input", (ev) => {
        total();
        if (ev.target.dataset.chercher) {
            clearTimeout(attente);
            attente = setTimeout(() => chercher(ev.target), 250);
        }
    });
    formulaire.addEventListener("submit", deposer);
    matricule.addEventListener("change", verifierDroits);
    dateSoins.addEventListener("change", verifierDroits);
    ajouter.hidden = false;
    ajouter.addEventListener("click", nouvelleLigne);
    total();
    verifierDroits();
})();
