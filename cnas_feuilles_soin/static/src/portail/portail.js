// Saisie d'une feuille : droits affichés aussitôt, codes proposés, total en direct. Sans ce script, le formulaire marche aussi.
(function () {
    "use strict";
    const lignes = document.getElementById("lignes");
    const ajouter = document.getElementById("ajouter");
    const droits = document.getElementById("droits");
    const matricule = document.getElementById("matricule");
    const dateSoins = document.getElementById("date_soins");
    let attente;

    function total() {
        let somme = 0;
        for (const ligne of lignes.children) {
            const [, quantite, prix] = ligne.querySelectorAll("input");
            somme += (parseInt(quantite.value, 10) || 0) * (parseInt(prix.value, 10) || 0);
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
        const reponse = await fetch(`/my/formation/chercher/${champ.dataset.chercher}?q=${encodeURIComponent(texte)}`);
        const liste = document.getElementById(champ.getAttribute("list"));
        liste.replaceChildren(...(await reponse.json()).map(({ code, nom }) => new Option(nom, `${code} — ${nom}`)));
    }

    async function verifierDroits() {
        droits.className = "info";
        droits.textContent = "";
        if (!matricule.value.trim()) {
            return;
        }
        const cles = new URLSearchParams({ matricule: matricule.value, date: dateSoins.value });
        const reponse = await (await fetch(`/my/formation/droits.json?${cles}`)).json();
        const ouverts = reponse.trouve && reponse.etat_droits === "ouverts";
        droits.classList.add(ouverts ? "ouverts" : "fermes");
        droits.textContent = reponse.trouve
            ? `${reponse.name} : droits ${ouverts ? "ouverts" : "fermés"}${ouverts ? "" : " — " + reponse.motif}`
            : reponse.motif;
    }

    document.getElementById("saisie").addEventListener("input", (ev) => {
        total();
        if (ev.target.dataset.chercher) {
            clearTimeout(attente);
            attente = setTimeout(() => chercher(ev.target), 250);
        }
    });
    matricule.addEventListener("change", verifierDroits);
    dateSoins.addEventListener("change", verifierDroits);
    ajouter.hidden = false;
    ajouter.addEventListener("click", nouvelleLigne);
    total();
    verifierDroits();
})();
