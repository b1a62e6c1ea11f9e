/** @odoo-module */

import { declarerVisite } from "@cnas_base/js/visites";
import { _t } from "@web/core/l10n/translation";

declarerVisite("cnas_visite_controleur", "cnas_base.group_controleur", 10, [
    ['[data-menu-xmlid="cnas_base.menu_feuilles"]', _t("Votre travail est ici ; les menus disent combien attend.")],
    ['.dropdown-item[data-menu-xmlid="cnas_feuilles_soin.menu_feuille_soin_ma_file"]', _t("Votre file : les urgents d'abord, puis les plus anciens.")],
    [".o_kanban_record:not(.o_kanban_ghost):first", _t("Ouvrez le premier dossier.")],
    [".o_notebook .nav-link[name=prestations]", _t("Chaque ligne dit ce que les règles ont constaté ; le document est à côté.")],
    [".o_notebook .nav-link[name=anomalies]", _t("Levez ici ce que le dossier justifie ; « Valider et suivante » (Alt+W) enchaîne.")],
]);
