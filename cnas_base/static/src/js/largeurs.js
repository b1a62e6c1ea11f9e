/** @odoo-module */

import { patch } from "@web/core/utils/patch";
import { ListRenderer } from "@web/views/list/list_renderer";

// Ce qui ne se coupe jamais : un nombre, une date, un état. Un texte n'est une clé que sans minuscule (numéro, RIB), ou si c'est un mois.
const RIGIDES = new Set(["monetary", "integer", "float", "date", "datetime", "selection", "boolean"]);
const CLE = /^([^\p{Ll}]*|\p{L}+ \d{4})$/u;
const LARGEUR_MIN = 84;
const LIGNES_LUES = 80;

/**
 * Les listes de la CNAS : numéros, montants, RIB et états gardent leur place, les textes libres se partagent le reste.
 * Odoo, lui, rogne les colonnes les plus larges, montants compris. Trop de colonnes : la liste défile, rien ne se coupe.
 */
patch(ListRenderer.prototype, {
    computeColumnWidthsFromContent() {
        if (!this.props.list.resModel.startsWith("cnas.")) {
            return super.computeColumnWidthsFromContent();
        }
        const table = this.tableRef.el;
        table.classList.add("o_list_computing_widths");
        const titres = [...table.querySelectorAll("thead th")];
        const largeurs = titres.map((titre) => Math.ceil(titre.getBoundingClientRect().width));
        const permise = Math.floor(table.parentNode.getBoundingClientRect().width);
        const lignes = [...table.querySelectorAll("tbody tr.o_data_row")].slice(0, LIGNES_LUES);
        const souples = titres.map((_titre, rang) => rang).filter((rang) => this.estSouple(titres[rang], rang, lignes));
        const rigide = largeurs.reduce((somme, l, rang) => (souples.includes(rang) ? somme : somme + l), 0);
        const plafond = this.plafondCommun(souples.map((rang) => largeurs[rang]), permise - rigide);
        for (const rang of souples) {
            largeurs[rang] = Math.min(largeurs[rang], plafond);
            titres[rang].style.maxWidth = `${largeurs[rang]}px`;
        }
        table.classList.remove("o_list_computing_widths");
        return largeurs;
    },

    estSouple(titre, rang, lignes) {
        const champ = this.fields[titre.dataset.name];
        if (!champ || RIGIDES.has(champ.type)) {
            return false;
        }
        const textes = lignes.map((ligne) => ligne.children[rang]?.textContent.trim()).filter(Boolean);
        return !textes.length || !textes.every((texte) => CLE.test(texte));
    },

    /** Rend la largeur au-delà de laquelle couper les colonnes souples pour qu'elles tiennent dans `reste`. */
    plafondCommun(largeurs, reste) {
        let plafond = Math.max(0, ...largeurs);
        const total = () => largeurs.reduce((somme, largeur) => somme + Math.min(largeur, plafond), 0);
        while (plafond > LARGEUR_MIN && total() > reste) {
            plafond--;
        }
        return plafond;
    },
});
