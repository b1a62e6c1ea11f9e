/** @odoo-module */

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { Component, onWillStart, useState } from "@odoo/owl";

const { DateTime } = luxon;
const PERIODES = {
    mois: [_t("Mois en cours"), (j) => [j.startOf("month"), j.endOf("month")]],
    dernier: [_t("Mois dernier"), (j) => [j.minus({ months: 1 }).startOf("month"), j.minus({ months: 1 }).endOf("month")]],
    trimestre: [_t("Trimestre en cours"), (j) => [j.startOf("quarter"), j.endOf("quarter")]],
    annee: [_t("Année en cours"), (j) => [j.startOf("year"), j.endOf("year")]],
    douze: [_t("12 derniers mois"), (j) => [j.minus({ years: 1 }).plus({ days: 1 }), j]],
    libre: [_t("Autres dates"), null],
};
// Les 23 provinces sur un damier, chacune à peu près où elle est : une carte schématique, dessinée pour nous.
const PLACES = {
    TI: [2, 0], EE: [4, 1], BO: [2, 1], EO: [3, 1], KA: [1, 2], BG: [2, 2], BA: [3, 2], WF: [4, 2], LC: [0, 3], HL: [1, 3], GR: [3, 4],
    OD: [4, 3], ND: [0, 4], CB: [1, 4], SI: [4, 4], ME: [0, 5], TA: [1, 5], MC: [3, 5], SA: [4, 5], MO: [0, 6], LO: [1, 6], LR: [2, 6], MA: [3, 6],
};
const UNITES = { jours: _t("jours"), mois: _t("mois"), "par an": _t("par an") };
const COULEURS = { vert: "#0B7A4B", orange: "#D9822B", rouge: "#B3261E" };
const CASE = 62;

/** Les indicateurs de pilotage : valeur, période d'avant, seuil, responsable ; un clic ouvre la liste, mêmes filtres. */
export class Pilotage extends Component {
    static template = "cnas_facturation.Pilotage";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.periodes = Object.entries(PERIODES).map(([code, [nom]]) => [code, `${nom}`]);
        const [debut, fin] = PERIODES.douze[1](DateTime.now());
        this.etat = useState({
            periode: "douze", debut: debut.toISODate(), fin: fin.toISODate(), axes: {}, tableau: null,
            carte: null, provinces: {}, detail: null, premiers: [],
        });
        onWillStart(async () => {
            [this.options] = await Promise.all([this.orm.call("cnas.indicateur_pilotage", "options", []), this.charger()]);
            this.axes = Object.entries(this.options).filter(([, axe]) => axe.valeurs.length);
        });
    }

    get filtres() {
        const axes = Object.entries(this.etat.axes).filter(([, id]) => id);
        return { debut: this.etat.debut, fin: this.etat.fin, ...Object.fromEntries(axes) };
    }

    async charger() {
        const appel = (nom, ...args) => this.orm.call("cnas.indicateur_pilotage", nom, [...args, this.filtres]);
        this.etat.tableau = await appel("tableau");
        await this.montrerCarte(this.etat.carte || "rejet_montant");
        if (this.etat.detail) {
            await this.montrerDetail(this.etat.detail);
        }
    }

    changerPeriode(code) {
        this.etat.periode = code;
        if (PERIODES[code][1]) {
            const [debut, fin] = PERIODES[code][1](DateTime.now());
            Object.assign(this.etat, { debut: debut.toISODate(), fin: fin.toISODate() });
            this.charger();
        }
    }

    changerDate(quoi, jour) {
        if (jour) {
            this.etat[quoi] = jour;
            if (this.etat.debut <= this.etat.fin) {
                this.charger();
            }
        }
    }

    changerAxe(axe, id) {
        this.etat.axes[axe] = Number(id);
        this.charger();
    }

    siens(famille) {
        return this.etat.tableau.indicateurs.filter((i) => i.famille === famille);
    }

    nombreDe(couleur) {
        return this.etat.tableau.indicateurs.filter((i) => i.couleur === couleur).length;
    }

    ecrire(valeur, unite) {
        if (valeur === null || valeur === undefined) {
            return _t("n. d.");
        }
        const decimales = unite === "FCFA" || Math.abs(valeur) >= 1000 ? 0 : Math.abs(valeur) < 1 ? 2 : 1;
        const nombre = valeur.toLocaleString("fr-FR", { maximumFractionDigits: decimales });
        // isolé : dans une phrase arabe, « 72 % » ne devient pas « % 72 »
        return unite === "nombre" ? nombre : `\u2068${nombre} ${UNITES[unite] || unite}\u2069`;
    }

    seuil(i) {
        return `${i.sens === "haut" ? "≤" : "≥"} ${this.ecrire(i.rouge, i.unite)}`;
    }

    async ouvrir(i) {
        this.action.doAction(await this.orm.call("cnas.indicateur_pilotage", "ouvrir", [i.code, this.filtres]));
    }

    async montrerDetail(code) {
        this.etat.detail = code;
        this.etat.premiers = await this.orm.call("cnas.indicateur_pilotage", "detail", [code, this.filtres]);
    }

    async montrerCarte(code) {
        this.etat.carte = code;
        const rangs = await this.orm.call("cnas.indicateur_pilotage", "par_axe", [code, "province", this.filtres]);
        this.etat.provinces = Object.fromEntries(rangs.map((r) => [r.code.slice(-2), r]));
    }

    get cases() {
        const valeurs = Object.values(this.etat.provinces).map((p) => p.valeur).filter((v) => v !== null);
        const haut = Math.max(...valeurs, 0) || 1;
        return Object.entries(PLACES).map(([code, [x, y]]) => {
            const province = this.etat.provinces[code] || { nom: code, valeur: null, couleur: "" };
            const nue = province.valeur === null;
            return {
                code, x: x * CASE, y: y * CASE, nom: province.nom, id: province.id,
                texte: nue ? "" : this.ecrire(province.valeur, "nombre"),
                fond: nue ? "#E9ECEA" : COULEURS[province.couleur] || COULEURS.vert,
                force: nue ? 1 : province.couleur ? 0.9 : 0.25 + (0.65 * province.valeur) / haut,
            };
        });
    }

    nomDe(code) {
        return this.etat.tableau.indicateurs.find((i) => i.code === code).nom;
    }

    get rapport() {
        return `/cnas/pilotage/${this.etat.fin.slice(0, 7)}-01/pdf`;
    }
}

registry.category("actions").add("cnas_pilotage", Pilotage);
