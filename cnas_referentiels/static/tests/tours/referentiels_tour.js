/** @odoo-module **/

import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const ajouterTarif = (montant, debut, frise) => [
    { trigger: "div[name=config_ids] .o_field_x2many_list_row_add a" },
    { trigger: "div[name=config_ids] td[name=montant] input", run: `text ${montant}` },
    { trigger: "div[name=config_ids] td[name=date_debut] input", run: `text ${debut}` },
    { trigger: ".o_form_button_save" },
    { trigger: `div[name=frise]:contains('${frise}')`, isCheck: true },
];

/** L'administrateur crée un médicament avec son tarif, le suit d'un nouveau tarif, et lit la frise. */
tours.add("cnas_referentiels_medicament", {
    test: true,
    steps: () => [
        { trigger: ".o_list_button_add", extra_trigger: ".o_data_row:contains('MED0001')" },
        { trigger: "div[name=name] input, div[name=name] textarea", run: "text Doliprane du parcours" },
        { trigger: "div[name=code] input", run: "text TST-TOUR" },
        { trigger: "div[name=dci] input", run: "text Paracétamol" },
        ...ajouterTarif("1500", "01/01/2019", "depuis le 01/01/2019 · en vigueur"),
        ...ajouterTarif("1600", "10/04/2026", "depuis le 10/04/2026 · en vigueur"),
        { trigger: "div[name=frise]:contains('du 01/01/2019 au 09/04/2026')", isCheck: true },
    ],
});

/** Il le retrouve dans Config Médicament, sous un titre parlant. */
tours.add("cnas_referentiels_config", {
    test: true,
    steps: () => [
        { trigger: ".o_searchview_input", extra_trigger: ".o_data_row", run: "text parcours" },
        { trigger: ".o_searchview_autocomplete .o_menu_item:first" },
        { trigger: ".o_data_row td[name=medicament_id]:contains('Doliprane du parcours')" },
        { trigger: ".o_breadcrumb:contains('Doliprane du parcours — 1\u00a0600\u00a0FCFA à partir du 10/04/2026')", isCheck: true },
    ],
});
